import Foundation
import SpeechModel
import Testing
import TextAnalysis

@Suite("Broken data") final class BrokenDataTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "text-analysis-\(UUID().uuidString)")

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Writes a file and returns its path.
    private func file(_ name: String, _ content: String) throws -> String {
        let url = folder.appending(path: name)
        try Data(content.utf8).write(to: url)
        return url.path
    }

    private func expectBroken(_ path: String, _ body: () throws -> Void) {
        let error = #expect(throws: SpeechError.self, performing: body)
        #expect(error?.code == .brokenModel)
        #expect(error?.message.contains(path) == true, "\(error?.message ?? "")")
        #expect(error?.advice.contains("Scripts/setup") == true)
    }

    @Test(
        "in a profile is named with its file and what to do",
        arguments: [
            "", "{", "[]", "{}", #"{"freq":{},"n_words":[1,1,1]}"#, #"{"freq":{"a":1},"n_words":[1,1]}"#,
            #"{"freq":{"a":1},"n_words":[0,1,1]}"#, #"{"freq":{"a":-1},"n_words":[1,1,1]}"#,
            #"{"freq":{"a":"b"},"n_words":[1,1,1]}"#,
            #"{"freq":{"a":9000000000000000000,"b":9000000000000000000},"n_words":[1,1,1]}"#,
            #"{"freq":{"a":99999999999999999999},"n_words":[1,1,1]}"#, "\u{0}\u{1}binary",
        ])
    func profile(_ content: String) throws {
        let path = try file("en", content)
        expectBroken(path) {
            _ = try TextAnalyser(languageProfiles: folder.path, lexicon: Installed.lexicon, languages: ["en"])
        }
    }

    @Test(
        "in a lexicon is named with its file and what to do",
        arguments: [
            "", "\n\n", "good", "good\t", "good\tnice\n", "good\t1.9\nbad\t-5\n", "good\tnan\n", "good 1.9\n", "8)\t1.0\n",
        ])
    func lexicon(_ content: String) throws {
        let path = try file("lexicon.txt", content)
        expectBroken(path) {
            _ = try TextAnalyser(languageProfiles: Installed.profiles, lexicon: path, languages: ["zh"])
        }
    }

    @Test("that is not there at all, or is a folder, or far too large is named, too")
    func missing() throws {
        expectBroken("\(folder.path)/de") {
            _ = try TextAnalyser(languageProfiles: folder.path, lexicon: Installed.lexicon, languages: ["de"])
        }
        expectBroken("\(folder.path)/none.txt") {
            _ = try TextAnalyser(languageProfiles: folder.path, lexicon: "\(folder.path)/none.txt", languages: ["zh"])
        }
        expectBroken(folder.path) {
            _ = try TextAnalyser(languageProfiles: folder.path, lexicon: folder.path, languages: ["zh"])
        }
        let large = try file("large.txt", String(repeating: "good\t1.9\n", count: 500_000))
        expectBroken(large) {
            _ = try TextAnalyser(languageProfiles: folder.path, lexicon: large, languages: ["zh"])
        }
    }

    @Test("names a truncated copy of what setup installs")
    func truncated() throws {
        let whole = try Data(contentsOf: URL(filePath: Installed.profiles).appending(path: "en"))
        let path = folder.appending(path: "en")
        try whole.dropLast(whole.count / 3).write(to: path)
        expectBroken(path.path) {
            _ = try TextAnalyser(languageProfiles: folder.path, lexicon: Installed.lexicon, languages: ["en"])
        }
    }

    @Test("is not touched by a language code that is none", arguments: ["", "../en", "EN", "english", "e", "zh-cn", "e\u{308}n"])
    func code(_ code: String) {
        let error = #expect(throws: SpeechError.self) {
            _ = try TextAnalyser(languageProfiles: folder.path, lexicon: Installed.lexicon, languages: [code])
        }
        #expect(error?.code == .invalidConfiguration)
    }

    @Test("is not needed: a small lexicon and a small profile of one's own will do")
    func own() throws {
        _ = try file("xx", #"{"freq":{"b":3,"a":1," b":2,"ba":1,"a ":1," ba":1},"n_words":[4,4,1],"name":"xx"}"#)
        let lexicon = try file("lexicon.txt", "good\t1.9\t0.9\t[1]\r\n\nbad\t-2.5\n")
        let analyser = try TextAnalyser(languageProfiles: folder.path, lexicon: lexicon, languages: ["xx"])
        #expect(analyser.language(of: "Ba") == ("xx", 0.99))
        #expect(analyser.language(of: "q") == ("unknown", 0))
        #expect(analyser.sentiment(of: "bad", in: "en").label == .negative)
    }

    @Test("is refused when no language is configured")
    func noLanguage() {
        let error = #expect(throws: SpeechError.self) {
            _ = try TextAnalyser(languageProfiles: Installed.profiles, lexicon: Installed.lexicon, languages: [])
        }
        #expect(error?.code == .invalidConfiguration)
    }
}
