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
                    try? decoder.decoder.start(adaptation: adaptation ?? "", suppressesNoise: false, keyPhrases: nil)
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

    /// Speech between two pauses; `start` counts samples from the stream's beginning.
    struct Segment {
        var start: Int
        var samples: [Int16]
        /// When the last sample has been spoken, in seconds from the stream's beginning.
        var decidedAt: Double { Double(start + samples.count) / Double(SampleTime.rate) }
    }

    /// Streams that are decoded as their audio comes, each by a decoder of its own, by threads that take the most urgent one.
    final class RealTime {
        private struct Stream {
            var segments: ArraySlice<Segment>
            var begins: Double
            var sent = 0
            var adaptation = ""
            var isTaken = false
        }

        private let models: String
        private var decoders: [Box] = []

        init(models: String) { self.models = models }

        /// Results and how late they were, both in seconds: the moment from the beginning, and the time since the last sample was spoken.
        func lags(of segments: [[Segment]], begins: [Double], threads: Int) throws -> [(at: Double, seconds: Double)] {
            while decoders.count < segments.count { decoders.append(Box(try PocketSphinxDecoder(models: models, mode: .live))) }
            let decoders = decoders
            let streams = Mutex(zip(segments, begins).map { Stream(segments: $0[...], begins: $1) })
            let found = Mutex<[(at: Double, seconds: Double)]>([])
            let start = now()
            DispatchQueue.concurrentPerform(iterations: threads) { _ in
                while let index = Self.take(streams, start) {
                    guard index >= 0 else {
                        usleep(500)
                        continue
                    }
                    let (stream, segment) = streams.withLock { ($0[index], $0[index].segments.first!) }
                    let decoder = decoders[index].decoder
                    if stream.sent == 0 {
                        try? decoder.start(adaptation: stream.adaptation, suppressesNoise: false, keyPhrases: nil)
                    }
                    let spoken = Int((now() - start - stream.begins) * Double(SampleTime.rate)) - segment.start
                    // As much at once as the server gives a decoder at most.
                    let end = min(segment.samples.count, spoken, stream.sent + SampleTime.rate / 2)
                    segment.samples[stream.sent..<max(stream.sent, end)].withUnsafeBufferPointer { try? decoder.accept($0) }
                    _ = decoder.partial()
                    let learnt = end == segment.samples.count ? (try? decoder.finish())?.adaptation : nil
                    streams.withLock {
                        $0[index].isTaken = false
                        $0[index].sent = end
                        guard end == segment.samples.count else { return }
                        $0[index].sent = 0
                        $0[index].adaptation = learnt ?? ""
                        $0[index].segments.removeFirst()
                    }
                    if end == segment.samples.count {
                        let at = now() - start
                        found.withLock { $0.append((at, at - stream.begins - segment.decidedAt)) }
                    }
                }
            }
            return found.withLock { $0 }
        }

        /// The stream that is most urgent: whose segment is over first, else the one with most audio that waits. −1 when none has
        /// any, nil when all are done.
        private static func take(_ streams: borrowing Mutex<[Stream]>, _ start: Double) -> Int? {
            streams.withLock { streams in
                var best = -1
                var urgency = 0.0
                var isDone = true
                for (index, stream) in streams.enumerated() {
                    guard let segment = stream.segments.first else { continue }
                    isDone = false
                    let time = now() - start - stream.begins
                    let waiting = time - Double(segment.start + stream.sent) / Double(SampleTime.rate)
                    let isOver = time >= segment.decidedAt
                    // Before all others those whose result somebody waits for.
                    let value = isOver ? 1000 + time - segment.decidedAt : waiting
                    guard !stream.isTaken, isOver || waiting >= 0.032, value > urgency else { continue }
                    best = index
                    urgency = value
                }
                if best >= 0 { streams[best].isTaken = true }
                return isDone ? nil : best
            }
        }
    }

    // @unchecked: each decoder is used by the one thread that takes it.
    private struct Box: @unchecked Sendable {
        let decoder: PocketSphinxDecoder
        init(_ decoder: PocketSphinxDecoder) { self.decoder = decoder }
    }
}
