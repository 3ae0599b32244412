import Foundation
import PocketSphinxEngine
import SpeechModel
import Synchronization

/// `mynah transcribe` of a long recording beside a bare loop of the engine over the same segments.
struct TranscribeHour {
    let speech: Speech
    let minutes: Int

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
        let process = Process()
        process.executableURL = URL(fileURLWithPath: mynahProgram)
        process.arguments = ["transcribe", "--format", "json", file.path]
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
        let wall = now() - begun
        let json = try JSONSerialization.jsonObject(with: output) as? [String: Any]
        let segments = (json?["segments"] as? [[String: Any]] ?? []).map { segment in
            let start = (segment["start_ms"] as! Int) * 16
            let end = min(track.count, (segment["end_ms"] as! Int) * 16)
            return Array(track[min(start, end)..<end])
        }
        let models = speech.root.appendingPathComponent(".native/models/pocketsphinx/en-us").path
        let bare = try BareDecoder.decode(segments, mode: .file, threads: 2, models: models)
        let single = try BareDecoder.decode(Array(segments.prefix(segments.count / 4)), mode: .file, threads: 1, models: models)
        let duration = Double(track.count) / Double(SampleTime.rate)
        report.line("speed", duration / wall, unit: "× real time")
        report.line("speed of the bare loop on two threads", duration / bare, unit: "× real time")
        report.line("share of the bare loop's speed", bare / wall * 100, unit: "%", atLeast: 95)
        let quarter = Double(segments.prefix(segments.count / 4).reduce(0) { $0 + $1.count })
        let all = Double(segments.reduce(0) { $0 + $1.count })
        report.line("the bare loop's gain from a second thread", single / quarter * all / bare, unit: "×")
        report.line("peak memory, workers included", peak.withLock { $0 } / 1_048_576, unit: "MB")
        report.note("\(segments.count) segments, \(number(all / Double(SampleTime.rate))) s of them speech")
    }
}
