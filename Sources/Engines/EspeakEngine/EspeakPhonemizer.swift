import Foundation
public import Ports
public import SpeechModel

/// Asks the program `espeak-ng` how a text is pronounced, as the training of Piper's and other voices did.
///
/// The program and not its library, which is licensed under GPL-3 and keeps one state for the whole process. It takes some 10 ms. The process
/// must ignore SIGPIPE, as workers do: the program may end before it has read the text.
public struct EspeakPhonemizer: Phonemizer {
    private let program: String
    private let limitSeconds: Int

    /// Names the program; one without a slash is looked for in `PATH`.
    ///
    /// - Parameter limitSeconds: it takes milliseconds; one that hangs must not outlive its worker for long.
    public init(program: String = "espeak-ng", limitSeconds: Int = 10) {
        self.program = program
        self.limitSeconds = limitSeconds
    }

    public func phonemes(of sentence: String, voice: String) throws(SpeechError) -> String {
        guard !voice.isEmpty, !voice.hasPrefix("-"), voice.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw SpeechError(
                .synthesisFailed, "The model names no voice of espeak-ng that could be: `\(voice.prefix(32))`.",
                advice: "Get it as it was published for sherpa-onnx.")
        }
        // The program does not tell by which mark a clause ended, so each is asked for alone.
        var spoken: [String] = []
        for clause in Clause.clauses(of: sentence) {
            let phonemes = Self.cleaned(try ask(clause.text, voice: voice))
            if !phonemes.isEmpty { spoken.append(phonemes + clause.mark) }
        }
        guard !spoken.isEmpty else {
            throw SpeechError(
                .synthesisFailed, "There is nothing to pronounce in this text.", advice: "Send some words.")
        }
        return spoken.joined(separator: " ")
    }

    /// Without the names of languages that words are borrowed from, such as `(en)`, and in one line.
    private static func cleaned(_ output: String) -> String {
        output.replacing(/\([a-z-]+\)/, with: "").split(whereSeparator: \.isWhitespace).joined(separator: " ")
            .decomposedStringWithCanonicalMapping
    }

    private func ask(_ text: String, voice: String) throws(SpeechError) -> String {
        let process = Process()
        let (input, output, errors) = (Pipe(), Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        process.arguments =
            ["--signal=KILL", "\(limitSeconds)", program] + ["-q", "--ipa", "-b", "1", "-v", voice, "--stdin"]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        do { try process.run() } catch { throw Self.fault("\(error.localizedDescription)") }
        // A sentence fits into the pipe. A program that has ended already says why by its status.
        try? input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
        try? input.fileHandleForWriting.close()
        let answer = output.fileHandleForReading.readDataToEndOfFile()
        let complaint = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus != 137 else {
            throw Self.fault("it was killed, at the latest after \(limitSeconds) s without an answer")
        }
        switch process.terminationStatus {
        case 0: return String(decoding: answer, as: UTF8.self)
        case 127:
            throw SpeechError(
                .synthesisFailed, "It reads phonemes, and the program that gives them is missing: \(program).",
                advice: "Run `apt-get install espeak-ng`, or put a lexicon.txt beside the model.")
        default:
            throw Self.fault(
                String(decoding: complaint.prefix(200), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }

    private static func fault(_ reason: String) -> SpeechError {
        SpeechError(
            .synthesisFailed, "espeak-ng fails: \(reason).",
            advice: "Try `espeak-ng --voices`, which lists what it speaks; reinstall it, or put a lexicon.txt beside the model.")
    }
}
