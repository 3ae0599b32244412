import Foundation
public import Ports
public import SpeechModel

/// Asks the program `espeak-ng` how a text is pronounced, as the training of Piper's and other voices did.
///
/// The program and not its library, which is licensed under GPL-3 and keeps one state for the whole process. It takes some 10 ms.
public struct EspeakPhonemizer: Phonemizer {
    private let program: String

    /// Names the program; one without a slash is looked for in `PATH`.
    public init(program: String = "espeak-ng") { self.program = program }

    public func phonemes(of sentence: String, voice: String) throws(SpeechError) -> String {
        guard !voice.isEmpty, !voice.hasPrefix("-"), voice.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw SpeechError(
                .synthesisFailed, "The model names no voice of espeak-ng that could be: `\(voice.prefix(32))`.",
                advice: "Get it as it was published for sherpa-onnx.")
        }
        // The program does not tell by which mark a clause ended, so each is asked for alone, and all at once.
        let asked = try Clause.clauses(of: sentence).map { clause throws(SpeechError) in
            (clause, try Question(program, clause.text, voice: voice))
        }
        var spoken: [String] = []
        for (clause, question) in asked {
            let phonemes = Self.cleaned(try question.answer())
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
}

/// A part of a sentence, up to a punctuation mark.
struct Clause: Equatable {
    var text: String
    /// `,`, `;`, `:`, `.`, `?` or `!`; empty where there is none.
    var mark: String

    /// Marks, and what they are to voices: of Chinese and Japanese the full-width ones.
    private static let marks: [Character: String] = [
        ",": ",", ";": ";", ":": ":", ".": ".", "?": "?", "!": "!", "…": ".",
        "，": ",", "、": ",", "；": ";", "：": ":", "。": ".", "？": "?", "！": "!",
    ]

    /// Parts a sentence. A mark within a word or a number ends nothing, and a full stop only the whole: others are of abbreviations.
    static func clauses(of sentence: String) -> [Clause] {
        var clauses: [Clause] = []
        var text = ""
        func end(_ mark: String) {
            if text.contains(where: { $0.isLetter || $0.isNumber }) {
                clauses.append(Clause(text: text.trimmingCharacters(in: .whitespacesAndNewlines), mark: mark))
            }
            text = ""
        }
        let characters = Array(sentence.trimmingCharacters(in: .whitespacesAndNewlines))
        for (index, character) in characters.enumerated() {
            let isLast = index + 1 == characters.count
            if let mark = marks[character],
                isLast || !character.isASCII || character != "." && characters[index + 1].isWhitespace
            {
                end(mark)
            } else {
                text.append(character)
            }
        }
        end("")
        return clauses
    }
}

/// One run of the program.
private struct Question {
    private let process = Process()
    private let output = Pipe()
    private let errors = Pipe()
    private let program: String

    init(_ program: String, _ text: String, voice: String) throws(SpeechError) {
        self.program = program
        let input = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program, "-q", "--ipa", "-b", "1", "-v", voice, "--stdin"]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        do {
            try process.run()
            // A sentence fits into the pipe.
            try input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
            try input.fileHandleForWriting.close()
        } catch {
            throw Self.absent(program)
        }
    }

    func answer() throws(SpeechError) -> String {
        let spoken = output.fileHandleForReading.readDataToEndOfFile()
        let complaint = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        if process.terminationStatus == 127 { throw Self.absent(program) }
        guard process.terminationStatus == 0 else {
            let reason = String(decoding: complaint, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            throw SpeechError(
                .synthesisFailed, "espeak-ng fails: \(reason.prefix(200)).",
                advice: "`espeak-ng --voices` lists what it speaks; a newer one may know more.")
        }
        return String(decoding: spoken, as: UTF8.self)
    }

    private static func absent(_ program: String) -> SpeechError {
        SpeechError(
            .synthesisFailed, "It reads phonemes, and the program that gives them is missing: \(program).",
            advice: "Run `apt-get install espeak-ng`, or put a lexicon.txt beside the model.")
    }
}
