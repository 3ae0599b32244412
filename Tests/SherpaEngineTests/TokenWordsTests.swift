import SpeechModel
import Testing

@testable import SherpaEngine

@Suite struct TokenWordsTests {
    private func tokens(_ list: [(String, Int)]) -> [TokenWords.Token] {
        list.map { TokenWords.Token(text: $0.0, startMS: $0.1) }
    }

    @Test func `a space in front begins a word`() {
        let words = TokenWords.words(
            text: " HELLO WORLD", tokens: tokens([(" HE", 200), ("LLO", 320), (" WOR", 600), ("LD", 720)]), endMS: 1000,
            lowercases: true)
        #expect(words.map(\.text) == ["hello", "world"])
        #expect(words.map(\.startMS) == [200, 600])
        #expect(words.map(\.endMS) == [440, 840])
        #expect(words.map(\.confidence) == [1, 1])
    }

    @Test func `marks of every family are no letters`() {
        for pieces in [["\u{2581}ten", "\u{2581}me", "ters"], ["ten", "me@@", "ters"], [" ten", " me", "ters"]] {
            let words = TokenWords.words(
                text: "ten meters", tokens: tokens(zip(pieces, [0, 400, 480]).map { ($0, $1) }), endMS: 900, lowercases: false)
            #expect(
                words.map(\.text) == ["ten", "meters"] && words.map(\.startMS) == [0, 400] && words.map(\.endMS) == [120, 600])
        }
    }

    @Test func `scripts without spaces have a word for each character`() {
        let words = TokenWords.words(
            text: "昨天 monday 好", tokens: tokens([("昨", 0), ("天", 200), ("mon@@", 400), ("day", 500), ("好", 800)]), endMS: 1000,
            lowercases: false)
        #expect(words.map(\.text) == ["昨", "天", "monday", "好"])
        #expect(words.map(\.startMS) == [0, 200, 400, 800])
    }

    @Test func `a word ends before the next begins, and none after the utterance`() {
        let words = TokenWords.words(
            text: "a b",
            tokens: [.init(text: "a", startMS: 100, durationMS: 900), .init(text: "b", startMS: 950, durationMS: 400)],
            endMS: 1000, lowercases: false)
        #expect(words.map(\.startMS) == [100, 950] && words.map(\.endMS) == [950, 1000])
    }

    @Test func `text with other letters than its pieces keeps about their places`() {
        let words = TokenWords.words(
            text: "at 20 percent", tokens: tokens([(" at", 0), (" twen", 300), ("ty", 400), (" percent", 700)]), endMS: 1200,
            lowercases: false)
        #expect(words.map(\.text) == ["at", "20", "percent"])
        #expect(words[0].startMS == 0 && (300...400).contains(words[1].startMS) && (300...700).contains(words[2].startMS))
    }

    @Test func `without times words are spread over the utterance`() {
        let words = TokenWords.words(text: "ab cd", tokens: [], endMS: 1000, lowercases: false)
        #expect(words.map(\.startMS) == [0, 500] && words.map(\.endMS) == [500, 1000])
    }

    @Test func `the confidence is the mean of the pieces`() throws {
        let words = TokenWords.words(
            text: "ab",
            tokens: [.init(text: "a", startMS: 0, logProbability: -0.1), .init(text: "b", startMS: 0, logProbability: -0.3)],
            endMS: 1000, lowercases: false)
        #expect(abs(try #require(words.first).confidence - 0.8187) < 0.001)
    }

    @Test(arguments: ["", " ", "\n"]) func `nothing said is no word`(text: String) {
        #expect(TokenWords.words(text: text, tokens: [], endMS: 1000, lowercases: false).isEmpty)
    }
}
