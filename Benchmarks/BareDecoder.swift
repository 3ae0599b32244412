import Foundation
import Lanes
import PocketSphinxEngine
import SpeechModel
import Synchronization

/// The engine alone, in a loop: what it can do when nothing stands around it.
struct BareDecoder {
    /// Decodes all segments with one decoder on each of `threads` threads.
    ///
    /// - Returns: seconds of wall time, from the first sample to the last result, models loaded.
    static func decode(_ segments: [[Int16]], mode: PocketSphinxDecoder.Mode, threads: Int, models: String) throws -> Double {
        // Loaded one after the other: the engine's initialisation has unlocked globals.
        let decoders = try (0..<threads).map { _ in Box(try PocketSphinxDecoder(models: models, mode: mode)) }
        let next = Atomic<Int>(0)
        let done = DispatchGroup()
        let begun = now()
        for decoder in decoders {
            done.enter()
            spawnThread(name: "bare") {
                var adaptation: String?
                while true {
                    let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard index < segments.count else { break }
                    try? decoder.decoder.start(adaptation: adaptation ?? "", suppressesNoise: false)
                    segments[index].withUnsafeBufferPointer { samples in
                        var rest = samples[...]
                        while !rest.isEmpty {
                            try? decoder.decoder.accept(UnsafeBufferPointer(rebasing: rest.prefix(512)))
                            rest = rest.dropFirst(512)
                        }
                    }
                    adaptation = (try? decoder.decoder.finish())?.adaptation
                }
                done.leave()
            }
        }
        done.wait()
        return now() - begun
    }

    // @unchecked: each decoder is used by the one thread that takes it.
    private struct Box: @unchecked Sendable {
        let decoder: PocketSphinxDecoder
        init(_ decoder: PocketSphinxDecoder) { self.decoder = decoder }
    }
}
