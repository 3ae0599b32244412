import Testing
import TextAnalysis

/// What a confidence is worth, on sentences that nothing was tuned on: runs of 1, 2, 3, 5 and 10 words from each.
@Suite("The confidence of a language") struct CalibrationTests {
    struct Answer {
        var isRight: Bool
        var confidence: Double
    }

    private let analyser: TextAnalyser
    private static let spaced = TextAnalyser.defaultLanguages.filter { !["zh", "ja", "ko"].contains($0) }

    init() throws { analyser = try Installed.analyser.get() }

    @Test(
        "is on average the share of right answers, for short texts of every length",
        arguments: [(1, 0.6), (2, 0.78), (3, 0.87), (5, 0.95), (10, 0.99)])
    func byLength(_ words: Int, _ accuracy: Double) throws {
        let answers = try answers(words: words)
        #expect(answers.count > 70)
        #expect(answers.accuracy >= accuracy, "\(answers.accuracy)")
        #expect(abs(answers.accuracy - answers.confidence) < 0.04, "\(answers.accuracy) right at \(answers.confidence)")
    }

    @Test("is the share of right answers among all that claim as much", arguments: [0.3, 0.5, 0.7, 0.9])
    func reliability(_ from: Double) throws {
        let answers = try [1, 2, 3, 5, 10].flatMap { try self.answers(words: $0) }
            .filter { $0.confidence >= from && $0.confidence < from + 0.2 }
        #expect(answers.count > 200)
        #expect(abs(answers.accuracy - answers.confidence) < 0.08, "\(answers.accuracy) right at \(answers.confidence)")
    }

    @Test("never says more than 0.99, and grows with the text")
    func bounds() throws {
        var last = 0.0
        for words in [1, 2, 3, 5, 10] {
            let answers = try answers(words: words)
            #expect(answers.allSatisfy { (0.05...0.99).contains($0.confidence) })
            #expect(answers.confidence > last)
            last = answers.confidence
        }
    }

    @Test("is modest for Chinese or Japanese without kana", arguments: [1, 2, 3, 4])
    func han(_ length: Int) throws {
        var answers: [Answer] = []
        for code in ["zh", "ja"] {
            for sentence in try #require(Sentences.byLanguage[code]).map(Array.init) {
                for start in 0...sentence.count - length {
                    let text = String(sentence[start..<start + length])
                    guard !text.unicodeScalars.contains(where: { (0x3040...0x30FF).contains($0.value) }) else { continue }
                    let answer = analyser.language(of: text)
                    answers.append(Answer(isRight: answer.code == code, confidence: answer.confidence))
                }
            }
        }
        #expect(answers.count > 90)
        #expect(abs(answers.accuracy - answers.confidence) < 0.12, "\(answers.accuracy) right at \(answers.confidence)")
    }

    private func answers(words count: Int) throws -> [Answer] {
        try Self.spaced.flatMap { code in
            try #require(Sentences.byLanguage[code]).map { $0.split(separator: " ") }.flatMap { words in
                stride(from: 0, through: words.count - count, by: max(1, count / 2)).map { start in
                    let answer = analyser.language(of: words[start..<start + count].joined(separator: " "))
                    return Answer(isRight: answer.code == code, confidence: answer.confidence)
                }
            }
        }
    }
}

extension [CalibrationTests.Answer] {
    fileprivate var accuracy: Double { Double(count(where: \.isRight)) / Double(count) }
    /// The mean.
    fileprivate var confidence: Double { reduce(0) { $0 + $1.confidence } / Double(count) }
}
