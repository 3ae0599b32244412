import Testing
import TextAnalysis

@Suite("The language of a text") struct LanguageTests {
    private let analyser: TextAnalyser

    init() throws { analyser = try Installed.analyser.get() }

    @Test("is found for every sentence of every language", arguments: TextAnalyser.defaultLanguages)
    func sentences(_ code: String) throws {
        let sentences = try #require(Sentences.byLanguage[code])
        #expect(sentences.count >= 12)
        for sentence in sentences {
            let answer = analyser.language(of: sentence)
            #expect(answer.code == code && answer.confidence > 0.8, "\(sentence): \(answer)")
        }
    }

    @Test(
        "is English for what PocketSphinx makes of its test speech",
        arguments: [
            ("he was not an ill disposed young man", 0.9),
            ("unless to be rather cold hearted and rather selfish is to be ill disposed", 0.95),
            ("had he married a more amiable woman he might have been made still more respectable than he was", 0.95),
            ("eight of spades four of clubs seven of hearts", 0.9),
            ("ten of clubs", 0.5),
            ("go forward ten meters", 0.4),
        ])
    func pocketSphinx(_ text: String, _ atLeast: Double) {
        let answer = analyser.language(of: text)
        #expect(answer.code == "en" && answer.confidence >= atLeast, "\(answer)")
        let expected = analyser.language(of: text, expecting: "en")
        #expect(expected.code == "en" && expected.confidence > 0.95 && expected.confidence >= answer.confidence, "\(expected)")
    }

    @Test(
        "stays the expected one where a word belongs to several", arguments: ["yes", "no", "stop", "hello", "oh", "nine", "okay"])
    func expectedWord(_ word: String) {
        #expect(analyser.language(of: word, expecting: "en").code == "en")
        #expect(analyser.language(of: word).confidence < 0.9)
    }

    @Test(
        "is not the expected one against the evidence of a sentence", arguments: ["de", "fr", "es", "nl", "pl", "sv", "ru", "ko"])
    func unexpected(_ code: String) throws {
        for sentence in try #require(Sentences.byLanguage[code]) {
            #expect(analyser.language(of: sentence, expecting: "en").code == code)
        }
    }

    @Test("does not depend on capitals, punctuation and line breaks")
    func typography() {
        let plain = analyser.language(of: "wir warten hier schon seit fast einer halben stunde")
        #expect(analyser.language(of: "  Wir warten HIER schon,\nseit fast einer… „halben“ Stunde!\r\n") == plain)
    }

    @Test("is the same on every call and in every analyser")
    func deterministic() throws {
        let other = try TextAnalyser(
            languageProfiles: Installed.profiles, lexicon: Installed.lexicon, languages: TextAnalyser.defaultLanguages.reversed())
        for text in Sentences.byLanguage.values.joined() {
            let words = text.split(separator: " ").prefix(2).joined(separator: " ")
            let answer = analyser.language(of: words)
            #expect(analyser.language(of: words) == answer)
            let again = other.language(of: words)
            #expect(again.code == answer.code && abs(again.confidence - answer.confidence) < 1e-3)
        }
    }

    @Test("is one of those that are configured")
    func configured() throws {
        let two = try Installed.analyser("en", "de", "en")
        #expect(two.language(of: "stiamo aspettando qui da quasi mezz'ora").code != "it")
        #expect(two.language(of: "я думаю нам пора выходить") == ("unknown", 0))
        #expect(two.language(of: "明日の会議の前に") == ("unknown", 0))
        #expect(two.language(of: "내일 회의 전에") == ("unknown", 0))
        #expect(try Installed.analyser("ja").language(of: "東京大学").code == "ja")
        #expect(try Installed.analyser("zh").language(of: "東京大学").code == "zh")
    }

    @Test(
        "may be any that has a profile",
        arguments: [
            ("el", "πότε φεύγει το τελευταίο τρένο για το αεροδρόμιο"), ("he", "מתי יוצאת הרכבת האחרונה לשדה התעופה"),
            ("ar", "متى يغادر القطار الأخير إلى المطار"), ("hi", "हवाई अड्डे के लिए आखिरी ट्रेन कब जाती है"),
            ("th", "รถไฟเที่ยวสุดท้ายไปสนามบินออกกี่โมง"), ("fi", "milloin viimeinen juna lähtee lentokentälle"),
        ])
    func others(_ code: String, _ text: String) throws {
        let answer = try Installed.analyser("en", "ru", code).language(of: text)
        #expect(answer.code == code && answer.confidence > 0.9, "\(answer)")
    }

    @Test("of Chinese and Japanese is told by kana, and less surely without any")
    func kana() {
        #expect(analyser.language(of: "東京へ行きます") == ("ja", 0.99))
        #expect(analyser.language(of: "カメラ").code == "ja")
        #expect(analyser.language(of: "我们在鼎の泰丰餐厅门口等着你们") == ("zh", 0.99))
        let one = analyser.language(of: "水")
        let four = analyser.language(of: "東京大学")
        #expect(one.code == "zh" && one.confidence < 0.7)
        #expect(four.code == "zh" && four.confidence > one.confidence && four.confidence < 0.99)
        #expect(analyser.language(of: "東京", expecting: "ja").code == "ja")
    }
}
