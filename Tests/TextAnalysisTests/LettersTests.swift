import Testing

@testable import TextAnalysis

@Suite("The letters of a text") struct LettersTests {
    private func text(_ letters: Letters) -> String {
        String(String.UnicodeScalarView(letters.scalars.compactMap(Unicode.Scalar.init)))
    }

    @Test(
        "are in lower case with one space between words",
        arguments: [
            ("Hello,  World!", "hello world "), (" ÄÖÜ ß", "äöü ß"), ("it's 3 o'clock", "it s o clock"),
            ("ПРИВЕТ мир", "привет мир"),
            ("İstanbul", "istanbul"), ("e\u{301}te\u{301}", "ete"), ("🎉a🎉", "a "), ("", ""), ("42", ""),
        ])
    func folding(_ raw: String, _ folded: String) {
        #expect(text(Letters(of: raw, limit: 100)) == folded)
    }

    @Test("are counted by script, up to the limit")
    func counts() {
        let letters = Letters(of: "abc где 東京です 한", limit: 100)
        #expect(Script.allCases.filter { letters.count($0) > 0 } == [.latin, .cyrillic, .han, .kana, .hangul])
        #expect([.latin, .cyrillic, .han, .kana, .hangul].map(letters.count) == [3, 3, 2, 2, 1])
        let limited = Letters(of: String(repeating: "ab ", count: 50_000), limit: 5)
        #expect(text(limited) == "ab ab a")
        #expect(limited.count(.latin) == 5)
    }

    @Test("make n-grams of one to three with the edges of words, of one script only")
    func nGrams() {
        var found: [UInt64] = []
        NGram.forEach(in: Letters(of: "ab д c", limit: 100), of: .latin) { found.append($0) }
        let expected = ["a", " a", "b", "ab", " ab", "b ", "ab ", "c", " c", "c ", " c "]
        #expect(found == expected.map { NGram.key($0.unicodeScalars.map(\.value)) })
        #expect([[97], [32, 97], [97, 1078, 99]].map { NGram.key($0).map(NGram.length) } == [1, 2, 3])
        #expect(NGram.key([]) == nil && NGram.key([97, 98, 99, 100]) == nil)
    }
}
