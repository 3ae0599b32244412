import SpeechModel
import Testing

@testable import OpenAIEngine

@Suite("The answer to a transcription") struct TranscriptionAnswerTests {
    private func words(_ json: String, durationMS: Int = 1000) throws -> [Word] {
        try #require(TranscriptionAnswer(reading: Array(json.utf8))).hypothesis(durationMS: durationMS).words
    }

    @Test("gives each word its own times and probability, or its segment's")
    func timed() throws {
        let json = """
            {"text":" go on","segments":[{"text":" go on","start":0,"end":1,"avg_logprob":-0.5}],
             "words":[{"word":" go","start":0.1,"end":0.2,"probability":0.9},{"word":" on ","start":0.2,"end":0.4},{"word":" ","start":0.4,"end":0.5}]}
            """
        let words = try words(json)
        #expect(words.map(\.text) == ["go", "on"] && words[0].confidence == 0.9)
        #expect(abs(words[1].confidence - 0.6065) < 0.001)
    }

    @Test("spreads words over their segment by their length")
    func segments() throws {
        let words = try words(
            #"{"text":"a bcd","words":null,"segments":[{"text":" a bcd","start":0.2,"end":0.6,"avg_logprob":0}]}"#)
        #expect(
            words == [Word("a", startMS: 200, endMS: 300, confidence: 1), Word("bcd", startMS: 300, endMS: 600, confidence: 1)])
    }

    @Test("spreads a text without times over the utterance")
    func text() throws {
        #expect(try words(#"{"text":" ab  cd\n"}"#).map(\.startMS) == [0, 500])
        #expect(try words(#"{"text":" "}"#).isEmpty && words(#"{"text":"","segments":[],"words":[]}"#).isEmpty)
    }

    @Test("keeps words in order and within the utterance, whatever times they have")
    func absurd() throws {
        let words = try words(
            #"{"text":"","words":[{"word":"a","start":0.5,"end":0.1},{"word":"b","start":-1e300,"end":1e300},{"word":"c","start":7,"end":8}]}"#
        )
        #expect(words.map(\.startMS) == [500, 500, 1000] && words.map(\.endMS) == [500, 1000, 1000])
    }

    @Test(
        "is refused when it is something else",
        arguments: ["", "null", "[]", "{}", #"{"text":null}"#, #"{"text":"","words":[{}]}"#])
    func garbage(_ json: String) { #expect(TranscriptionAnswer(reading: Array(json.utf8)) == nil) }
}
