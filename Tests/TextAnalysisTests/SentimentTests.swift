import SpeechModel
import Testing

@testable import TextAnalysis

@Suite("The sentiment of a text") struct SentimentTests {
    private let scorer: SentimentScorer

    init() throws { scorer = SentimentScorer(lexicon: try SentimentLexicon(path: Installed.lexicon)) }

    private func compound(_ text: String) -> Double { scorer.score(of: text).compound }

    @Test(
        "is what listeners would say",
        arguments: [
            ("thank you very much for your help", .positive), ("what a beautiful morning", .positive),
            ("we enjoyed every minute of the trip", .positive), ("congratulations on your new job", .positive),
            ("the hotel was cheap but dirty and loud", .negative), ("that was the worst meal i have ever had", .negative),
            ("i can't stand the noise", .negative), ("i'm fed up with this computer", .negative),
            ("the train leaves at seven in the morning", .neutral), ("go forward ten meters", .neutral),
            ("meet me at the bus stop", .neutral), ("eight of spades four of clubs", .neutral),
        ] as [(String, Sentiment)])
    func labels(_ text: String, _ label: Sentiment) {
        #expect(scorer.score(of: text).label == label, "\(compound(text))")
    }

    /// Sums of ratings, worked out by hand from "good" 1.9, "bad" −2.5, "doubt" −1.5, "problems" −1.7 and the published constants.
    private static let sums: [(text: String, sum: Double)] = [
        ("it is good", 1.9),
        ("it is bad", -2.5),
        ("it is not good", 1.9 * -0.74),
        ("it isn't good", 1.9 * -0.74),
        ("it isnt good", 1.9 * -0.74),
        ("not a big good thing", 1.9 * -0.74),
        ("not one of them is good", 1.9),
        ("it is very good", 1.9 + 0.293),
        ("it is very bad", -2.5 - 0.293),
        ("very much good", 1.9 + 0.293 * 0.95),
        ("very much too good", 1.9 + 0.293 * 0.9),
        ("it is hardly good", 1.9 - 0.293),
        ("it is kind of good", 1.9 - 0.293),
        ("it is really very good", 1.9 + 0.293 + 0.293 * 0.95),
        ("it is not very good", (1.9 + 0.293) * -0.74),
        ("it was never so good", (1.9 + 0.293) * 1.25),
        ("without doubt it's good", 1.9 + 1.5 * 0.74),
        ("there are no problems", -1.7 * -0.74),
        ("no", -1.2),
        ("it is the least good", 1.9 * -0.74),
        ("at least good", 1.9),
        ("bad but good", -2.5 * 0.5 + 1.9 * 1.5),
        ("good!", 1.9 + 0.292),
        ("bad!!!!!!", -2.5 - 4 * 0.292),
        ("good??", 1.9 + 0.36),
    ]

    @Test("follows the published rules", arguments: sums)
    func rules(_ text: String, _ sum: Double) {
        #expect(abs(compound(text) - sum / (sum * sum + 15).squareRoot()) < 1e-5, "\(compound(text))")
    }

    @Test("is turned by a negation and strengthened by a degree word, for friendly and unfriendly words alike")
    func symmetry() {
        for word in ["good", "wonderful", "nice", "terrible", "boring", "sad"] {
            let plain = compound("it was \(word)")
            #expect(compound("it was not \(word)") * plain < 0)
            #expect(abs(compound("it was extremely \(word)")) > abs(plain))
            #expect(abs(compound("it was slightly \(word)")) < abs(plain))
        }
    }

    @Test("does not depend on punctuation, capitals or the kind of apostrophe")
    func typography() {
        let plain = compound("well that isn't good is it")
        for text in ["Well, that isn't good, is it.", "well that isn’t good is it", "“Well” — that (isn't) GOOD; is it…"] {
            #expect(compound(text) == plain, "\(text)")
        }
    }

    @Test("has the method's thresholds")
    func thresholds() {
        func label(_ compound: Double) -> Sentiment { SentimentScore(compound: compound, wordCount: 3).label }
        #expect(label(0.05) == .positive && label(-0.05) == .negative)
        #expect(label(0.0499) == .neutral && label(-0.0499) == .neutral && label(0) == .neutral)
    }

    @Test("is as sure as its distance from the threshold")
    func confidence() {
        func confidence(_ compound: Double, words: Int = 4) -> Double {
            SentimentScore(compound: compound, wordCount: words).confidence
        }
        #expect(confidence(0, words: 0) == 0)
        #expect(confidence(0) == 0.8)
        #expect(confidence(0, words: 1) == 0.5)
        #expect(abs(confidence(0.0499) - 0.5) < 0.01)
        #expect(confidence(0.05) == 0.5 && confidence(-0.05) == 0.5)
        #expect(confidence(1) == 1 && confidence(-1) == 1)
        #expect(confidence(0.4) < confidence(0.8) && confidence(-0.4) == confidence(0.4))
    }

    @Test("is rated in English only")
    func english() throws {
        let analyser = try Installed.analyser.get()
        #expect(analyser.sentiment(of: "she told me that the concert was wonderful").label == .positive)
        #expect(analyser.sentiment(of: "das war ein wunderbares konzert und alle waren sehr super happy") == (.neutral, 0))
        #expect(analyser.sentiment(of: "super", in: "de") == (.neutral, 0))
        #expect(analyser.sentiment(of: "super", in: "unknown") == (.neutral, 0))
        #expect(analyser.sentiment(of: "super", in: "en").label == .positive)
    }
}
