import SpeechModel
import Testing
import TextAnalysis

@Suite("Odd texts") struct EdgeInputTests {
    private let analyser: TextAnalyser

    init() throws { analyser = try Installed.analyser.get() }

    @Test(
        "without letters are of no language and feel like nothing",
        arguments: [
            "", " ", "\n\t\r\n", "\0", "12345 67 8", "3.14 + 2 = 5.14", "!?… — «»", "🎉🎉 👍🏽", "\u{301}\u{301}", "\u{FEFF}\u{200B}",
        ])
    func noLetters(_ text: String) {
        #expect(analyser.language(of: text) == ("unknown", 0))
        #expect(analyser.language(of: text, expecting: "en") == ("unknown", 0))
        #expect(analyser.sentiment(of: text) == (.neutral, 0))
    }

    @Test(
        "in a script that no configured language writes are of no language",
        arguments: ["שלום לכולם", "مرحبا بكم جميعا", "καλημέρα σε όλους", "สวัสดีครับ", "नमस्ते", "გამარჯობა", "ʘǃǂ"])
    func unknownScript(_ text: String) {
        #expect(analyser.language(of: text) == ("unknown", 0))
        #expect(analyser.sentiment(of: text) == (.neutral, 0))
    }

    @Test("in two scripts are of the main one, less surely")
    func mixedScripts() {
        let mostly = analyser.language(of: "the hotel is called Москва and it is near the river")
        #expect(mostly.code == "en" && mostly.confidence > 0.75 && mostly.confidence < 0.9, "\(mostly)")
        #expect(analyser.language(of: "iPhoneを買いました").code == "ja")
        #expect(analyser.language(of: "он купил новый iphone вчера вечером").code == "ru")
        #expect(analyser.language(of: "מרחבים the cat").confidence < 0.6)
    }

    @Test("with emoji, digits and marks are read by their words")
    func decorated() {
        #expect(analyser.language(of: "🎉 the 3 children 👍 were playing outside 2day 🎉").code == "en")
        #expect(analyser.sentiment(of: "🎉 a wonderful day 👍", in: "en").label == .positive)
        #expect(analyser.sentiment(of: "good,,, good...", in: "en").label == .positive)
    }

    @Test("in decomposed form are of the same language")
    func decomposed() {
        #expect(
            analyser.language(of: "les e\u{301}le\u{300}ves e\u{301}taient tre\u{300}s contents de leur journe\u{301}e").code
                == "fr")
        #expect(
            analyser.language(of: "der Schu\u{308}ler spielt drau\u{DF}en und das Ma\u{308}dchen ho\u{308}rt zu").code == "de")
    }

    @Test("of 100 kB are answered soon")
    func long() {
        let english = String(repeating: "we had a really wonderful time at the old bridge and ", count: 2000)
        let one = String(repeating: "a", count: 100_000)
        let digits = String(repeating: "12345 ", count: 17_000)
        let hebrew = String(repeating: "שלום ", count: 11_000)
        let start = ContinuousClock.now
        #expect(analyser.language(of: english) == ("en", 0.99))
        #expect(analyser.sentiment(of: english, in: "en").label == .positive)
        for text in [one, digits, hebrew] {
            #expect(analyser.language(of: text).confidence <= 0.99)
            #expect(analyser.sentiment(of: text, in: "en").label == .neutral)
        }
        #expect(ContinuousClock.now - start < .seconds(2))
    }

    @Test("of forty words take less than a millisecond, both questions together")
    func quick() {
        let text = Sentences.byLanguage["en", default: []].prefix(4).joined(separator: " ") + " but it was a really great day"
        #expect(text.split(separator: " ").count >= 40)
        // The median: a machine that is busy elsewhere may interrupt any single one.
        let times = (0..<101).map { _ in
            ContinuousClock().measure {
                let language = analyser.language(of: text)
                _ = analyser.sentiment(of: text, in: language.code)
            }
        }.sorted()
        #expect(times[50] < .milliseconds(1), "\(times[50])")
    }

    @Test("at once from many threads get the same answers")
    func concurrent() async {
        let texts = Sentences.byLanguage.values.joined().map { $0 }
        let expected = texts.map { analyser.language(of: $0).code }
        await withTaskGroup(of: [String].self) { group in
            for _ in 0..<4 { group.addTask { [analyser] in texts.map { analyser.language(of: $0).code } } }
            for await codes in group { #expect(codes == expected) }
        }
    }
}
