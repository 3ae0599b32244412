import Foundation
import SpeechModel

/// How many recordings a neural model transcribes in a minute, beside sherpa-onnx' own program: the same model, files and machine, in turns.
///
/// Each file holds one utterance, which the other program reads as a whole; ours looks for speech in it first. Loading the model counts.
struct NeuralFiles {
    private static let rounds = 5
    let speech: Speech
    /// The model's folder, of kind `nemo-ctc`, or `whisper` named as tiny.en: both programs are told of it by its files.
    let model: String
    /// sherpa-onnx' program, if it is there.
    let peer: String?
    private var isWhisper: Bool { FileManager.default.fileExists(atPath: model + "/tiny.en-encoder.onnx") }
    /// A Whisper hears half a minute of each, however short it is.
    private var count: Int { isWhisper ? 40 : 200 }

    private var peerArguments: [String] {
        isWhisper
            ? [
                "--tokens=\(model)/tiny.en-tokens.txt", "--whisper-encoder=\(model)/tiny.en-encoder.onnx",
                "--whisper-decoder=\(model)/tiny.en-decoder.onnx",
            ] : ["--tokens=\(model)/tokens.txt", "--nemo-ctc-model=\(model)/model.onnx"]
    }

    func run(_ report: inout Report) throws {
        report.title("Files a minute with the neural model in \(model), each an utterance")
        let folder = speech.root.appendingPathComponent(".build/bench-speech/files")
        try? FileManager.default.removeItem(at: folder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var random = Random(seed: 7)
        var seconds = 0.0
        let files = try (0..<count).map { index in
            let spoken = try speech.spoken(
                sentences.randomElement(using: &random)!, voice: Speech.voices.randomElement(using: &random)!)
            let file = folder.appendingPathComponent("\(index).wav")
            try writeWAV(spoken.samples, to: file)
            seconds += Double(spoken.samples.count) / Double(SampleTime.rate)
            return file.path
        }
        let threads = ProcessInfo.processInfo.activeProcessorCount
        var (ours, theirs): ([Double], [Double]) = ([], [])
        for _ in 0..<Self.rounds {
            ours.append(
                try time(
                    mynahProgram,
                    ["transcribe", "--format", "text", "--set", "stt.model_path=\(model)", "--set", "preprocess.denoise=off"]
                        + files))
            guard let peer else { continue }
            theirs.append(
                try time(
                    peer,
                    peerArguments + ["--num-threads=\(threads)"] + files))
        }
        report.note("\(count) files, \(number(seconds)) s of speech, \(threads) threads, \(Self.rounds) rounds")
        report.line("Mynah", Quantiles(ours.map { Double(count) / $0 * 60 }), unit: "files/min")
        guard peer != nil else { return report.note("sherpa-onnx-offline: left out, because --offline-peer does not name it") }
        report.line("sherpa-onnx-offline", Quantiles(theirs.map { Double(count) / $0 * 60 }), unit: "files/min")
        report.line("Mynah beside it", Quantiles(theirs)[0.5] / Quantiles(ours)[0.5] * 100, unit: "%", atLeast: 100)
    }

    private func time(_ program: String, _ arguments: [String]) throws -> Double {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let begun = now()
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw SpeechError(
                .internalError, "\(program) ended with \(process.terminationStatus).", advice: "Run it by hand to see why.")
        }
        return now() - begun
    }
}
