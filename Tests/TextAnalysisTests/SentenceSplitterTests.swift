import Testing
import TextAnalysis

@Suite struct SentenceSplitterTests {
    @Test(
        arguments: [
            ("Good morning. How are you?", ["Good morning.", "How are you?"]),
            ("one", ["one"]),
            ("  It costs 3.14 euros, or so.  ", ["It costs 3.14 euros, or so."]),
            ("Dr. Smith met J. R. Jones. They talked.", ["Dr. Smith met J. R. Jones.", "They talked."]),
            ("So did I. And you?", ["So did I.", "And you?"]),
            ("A line\nand another", ["A line", "and another"]),
            ("What?! Really... yes", ["What?!", "Really...", "yes"]),
            ("你好。再见！", ["你好。", "再见！"]),
            ("… -- !", []),
            ("", []),
        ])
    func `a text is parted where a voice takes a breath`(text: String, sentences: [String]) {
        #expect(SentenceSplitter.sentences(of: text) == sentences)
    }

    @Test func `a long sentence is parted at a comma, or between words, and loses nothing`() {
        let words = (0..<200).map { "word\($0)\($0 % 17 == 0 ? "," : "")" }
        let parts = SentenceSplitter.sentences(of: words.joined(separator: " "))
        #expect(parts.count > 3)
        #expect(parts.allSatisfy { $0.count <= 300 })
        #expect(parts.joined(separator: " ").split(separator: " ").map(String.init) == words)
        #expect(parts.dropLast().allSatisfy { $0.hasSuffix(",") })
        #expect(SentenceSplitter.sentences(of: String(repeating: "a", count: 700)).map(\.count) == [300, 300, 100])
    }
}
