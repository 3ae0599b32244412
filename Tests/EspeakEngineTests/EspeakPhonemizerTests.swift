import Foundation
import SpeechModel
import Testing

@testable import EspeakEngine

@Suite struct EspeakPhonemizerTests {
    init() { signal(SIGPIPE, SIG_IGN) }

    @Test(
        arguments: [
            ("Hello, world!", [Clause(text: "Hello", mark: ","), Clause(text: "world", mark: "!")]),
            // Of the full stops only the last one ends something; what stands within a number ends nothing.
            ("Dr. Smith paid 3,50 at 12:30.", [Clause(text: "Dr. Smith paid 3,50 at 12:30", mark: ".")]),
            ("no mark", [Clause(text: "no mark", mark: "")]),
            ("你好，世界。", [Clause(text: "你好", mark: ","), Clause(text: "世界", mark: ".")]),
            ("one ; ; two…", [Clause(text: "one", mark: ";"), Clause(text: "two", mark: ".")]),
            (" — ?! ", []), ("", []),
        ])
    func `a sentence is parted where a voice takes breath`(sentence: String, clauses: [Clause]) {
        #expect(Clause.clauses(of: sentence) == clauses)
    }

    @Test func `words become phonemes, clauses keep their marks, and borrowed words are not announced`() throws {
        let phonemizer = EspeakPhonemizer()
        #expect(try phonemizer.phonemes(of: "Hello, world!", voice: "en-us") == "həlˈoʊ, wˈɜːld!")
        let german = try phonemizer.phonemes(of: "Ich mag the Beatles.", voice: "de")
        // The sound of “ich” is decomposed.
        #expect(german.unicodeScalars.starts(with: "ɪc\u{327} mˈɑːk ".unicodeScalars) && german.hasSuffix("."))
        #expect(!german.contains("("))
        // What looks like an option is text.
        #expect(try phonemizer.phonemes(of: "--help", voice: "en-us") == phonemizer.phonemes(of: "help", voice: "en-us"))
    }

    @Test(
        arguments: [
            ("hello", "xx-unknown", "espeak-ng fails"), ("hello", "-h", "no voice of espeak-ng"),
            ("?!", "en-us", "nothing to pronounce"),
        ])
    func `what cannot be said is told`(sentence: String, voice: String, reason: String) {
        let error = #expect(throws: SpeechError.self) { try EspeakPhonemizer().phonemes(of: sentence, voice: voice) }
        #expect(error?.code == .synthesisFailed && error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test func `a program that hangs, or ends without reading, is given up`() throws {
        let folder = NSTemporaryDirectory() + "mynah-espeak-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (script, reason) in [
            ("exit 3", "espeak-ng fails: broken"), ("kill -9 $$", "was killed"), ("exec sleep 60", "was killed"),
        ] {
            let program = folder + "/espeak"
            try Data("#!/bin/sh\necho broken >&2\n\(script)\n".utf8).write(to: URL(fileURLWithPath: program))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
            let phonemizer = EspeakPhonemizer(program: program, limitSeconds: 1)
            let error = #expect(throws: SpeechError.self) { try phonemizer.phonemes(of: "hello", voice: "en-us") }
            #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        }
    }

    @Test func `without the program its package is named`() {
        let error = #expect(throws: SpeechError.self) {
            try EspeakPhonemizer(program: "no-such-espeak").phonemes(of: "hello", voice: "en-us")
        }
        #expect(error?.message.contains("no-such-espeak") == true && error?.advice.contains("apt-get install espeak-ng") == true)
    }
}
