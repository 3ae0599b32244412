import Foundation
import PocketSphinxEngine
import SpeechModel
import Synchronization

/// `mynah transcribe` of a long recording, and pair by pair beside a bare loop of the engine over the same segments.
///
/// A machine's speed varies by a fifth from minute to minute, so that a whole hour cannot be compared with a loop that runs after it:
/// parts of it are, each with the loop over its own segments at once.
struct TranscribeHour {
    let speech: Speech
    let minutes: Int

    private static let partMinutes = 15

    func run(_ report: inout Report) throws {
        report.title("mynah transcribe of \(minutes) minutes of speech")
        let file = speech.root.appendingPathComponent(".build/bench-speech/long.wav")
        var track: [Int16] = []
        var seed = 0
        while track.count < minutes * 60 * SampleTime.rate {
            track += try speech.conversation(seconds: 60, seed: seed % 8 + 200)
            seed += 1
        }
        track.removeLast(track.count - minutes * 60 * SampleTime.rate)
        try writeWAV(track, to: file)
        let whole = try transcribe(file)
        report.line("speed", Double(minutes * 60) / whole.seconds, unit: "× real time")
        report.line("peak memory, workers included", whole.peakBytes / 1_048_576, unit: "MB")

        let models = speech.englishModel
        var shares: [Double] = []
        var (ours, bare, single, lone, all) = (0.0, 0.0, 0.0, 0, 0)
        var count = 0
        for begin in stride(from: 0, to: track.count, by: Self.partMinutes * 60 * SampleTime.rate) {
            let part = Array(track[begin..<min(track.count, begin + Self.partMinutes * 60 * SampleTime.rate)])
            try writeWAV(part, to: file)
            let transcript = try transcribe(file)
            let segments = transcript.segments.map {
                Array(part[min($0.lowerBound, part.count)..<min($0.upperBound, part.count)])
            }
            let loop = try BareDecoder.decode(segments, mode: .file, threads: 2, models: models)
            let few = Array(segments.prefix(segments.count / 4))
            single += try BareDecoder.decode(few, mode: .file, threads: 1, models: models)
            lone += few.reduce(0) { $0 + $1.count }
            shares.append(loop / transcript.seconds * 100)
            ours += transcript.seconds
            bare += loop
            all += segments.reduce(0) { $0 + $1.count }
            count += segments.count
        }
        report.line("speed of the bare loop on two threads", Double(minutes * 60) / bare, unit: "× real time")
        report.line(
            "share of the bare loop's speed, in parts of \(Self.partMinutes) minutes", bare / ours * 100, unit: "%", atLeast: 95)
        report.line("the bare loop's gain from a second thread", single / Double(lone) * Double(all) / bare, unit: "×")
        report.note(
            "\(count) segments, \(number(Double(all) / Double(SampleTime.rate))) s of them speech; share from part to part: "
                + shares.sorted().map { number($0) }.joined(separator: ", "))
    }

    private struct Transcript {
        /// From the program's start to its end.
        let seconds: Double
        let peakBytes: Double
        /// Sample numbers.
        let segments: [Range<Int>]
    }

    private func transcribe(_ file: URL) throws -> Transcript {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: mynahProgram)
        // Noise suppression is work that the bare loop does not do.
        process.arguments = ["transcribe", "--format", "json", "--set", "preprocess.denoise=off", file.path]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        let begun = now()
        try process.run()
        let id = process.processIdentifier
        let peak = Mutex(0.0)
        let watch = Thread {
            while process.isRunning {
                let memory = ProcessUse.family(of: id).reduce(0) { $0 + ProcessUse.memory($1) }
                peak.withLock { $0 = max($0, memory) }
                usleep(250_000)
            }
        }
        watch.start()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let seconds = now() - begun
        let json = try JSONSerialization.jsonObject(with: output) as? [String: Any]
        return Transcript(
            seconds: seconds, peakBytes: peak.withLock { $0 },
            segments: (json?["segments"] as? [[String: Any]] ?? []).map { segment in
                (segment["start_ms"] as! Int) * 16..<(segment["end_ms"] as! Int) * 16
            })
    }
}
