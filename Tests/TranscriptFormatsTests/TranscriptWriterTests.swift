import FoundationEssentials
import SpeechModel
import Testing

@testable import TranscriptFormats

/// A final whose words follow each other, `step` milliseconds each.
private func final(_ text: String, from startMS: Int = 0, step: Int = 500, sequence: Int = 1) -> FinalResult {
    let words = text.split(separator: " ").enumerated().map { index, word in
        Word(String(word), startMS: startMS + index * step, endMS: startMS + (index + 1) * step, confidence: 0.9)
    }
    return FinalResult(
        sequence: sequence, hypothesis: Hypothesis(words: words), startMS: startMS, endMS: words.last?.endMS ?? startMS,
        latency: FinalLatency())
}

private let summary = TranscriptSummary(
    language: "en", durationSeconds: 12.34567, processingTimeMS: 321, modelVersion: "pocketsphinx 5.1.1")

private func write(_ finals: [FinalResult], as format: TranscriptFormat, showsWords: Bool = false) -> String {
    var writer = TranscriptWriter(format: format, showsWords: showsWords)
    return writer.header + finals.map { writer.append($0) }.joined() + writer.finish(summary)
}

@Suite struct TranscriptWriterTests {
    private let spoken = [final("go forward ten meters", from: 420), final("and stop", from: 4000, sequence: 2)]

    @Test func formatsHaveNamesAndExtensions() {
        #expect(TranscriptFormat.allCases.map(\.rawValue) == ["text", "json", "srt", "vtt", "tsv"])
        #expect(TranscriptFormat.allCases.map(\.fileExtension) == ["txt", "json", "srt", "vtt", "tsv"])
    }

    @Test func textIsOneLinePerUtterance() {
        #expect(write(spoken, as: .text) == "go forward ten meters\nand stop\n")
        #expect(write(spoken, as: .text, showsWords: true) == write(spoken, as: .text))
    }

    @Test func subRipIsWrittenExactly() {
        #expect(
            write(spoken, as: .srt) == """
                1
                00:00:00,420 --> 00:00:02,420
                go forward ten meters

                2
                00:00:04,000 --> 00:00:05,000
                and stop


                """)
    }

    @Test func webVTTIsWrittenExactly() {
        #expect(
            write(spoken, as: .vtt) == """
                WEBVTT

                00:00:00.420 --> 00:00:02.420
                go forward ten meters

                00:00:04.000 --> 00:00:05.000
                and stop

                """)
    }

    @Test func theTableHasTimesInMilliseconds() {
        #expect(write(spoken, as: .tsv) == "start\tend\ttext\n420\t2420\tgo forward ten meters\n4000\t5000\tand stop\n")
        #expect(
            write([spoken[1]], as: .tsv, showsWords: true)
                == "start\tend\tconfidence\tword\n4000\t4500\t0.9\tand\n4500\t5000\t0.9\tstop\n")
    }

    @Test func jsonHasTheFieldsOfTheContract() throws {
        let text = write(spoken, as: .json)
        #expect(text.hasSuffix("}\n"))
        let document = try JSONDecoder().decode(TranscriptDocument.self, from: Data(text.utf8))
        #expect(document.text == "go forward ten meters and stop")
        #expect(document.segments.map(\.index) == [0, 1])
        #expect(document.segments.map(\.startMS) == [420, 4000])
        #expect(document.segments.map(\.text) == ["go forward ten meters", "and stop"])
        #expect(document.words.map(\.word) == ["go", "forward", "ten", "meters", "and", "stop"])
        #expect(document.words[1].startMS == 920)
        for key in [
            "\"text\" : ", "\"segments\" : [", "\"index\" : 0", "\"start_ms\" : 420", "\"end_ms\" : 2420", "\"confidence\" : 0.9",
            "\"words\" : [", "\"word\" : \"go\"", "\"language\" : \"en\"", "\"duration_seconds\" : 12.346",
            "\"processing_time_ms\" : 321", "\"model_version\" : \"pocketsphinx 5.1.1\"",
        ] {
            #expect(text.contains(key), "\(key)")
        }
    }

    @Test func jsonOfNothingIsStillADocument() throws {
        var empty = summary
        empty.durationSeconds = .nan
        let text = TranscriptWriter(format: .json).finish(empty)
        let document = try JSONDecoder().decode(TranscriptDocument.self, from: Data(text.utf8))
        #expect(document.text.isEmpty && document.segments.isEmpty && document.words.isEmpty)
        #expect(document.durationSeconds == 0)
    }

    @Test(arguments: TranscriptFormat.allCases)
    func anUtteranceWithoutWordsLeavesNothing(format: TranscriptFormat) {
        #expect(write([final("")] + spoken, as: format) == write(spoken, as: format))
    }

    @Test func timesBeyondAHundredHoursKeepAllTheirHours() {
        let late = final("good night", from: 100 * 3_600_000 + 59 * 60_000 + 59_999)
        #expect(write([late], as: .srt).contains("100:59:59,999 --> 101:00:00,999"))
        #expect(write([late], as: .vtt).contains("100:59:59.999 --> 101:00:00.999"))
    }

    @Test func captionsAreShortEnoughToReadAndLoseNoWord() throws {
        let text = (0..<200).map { "word\(String(repeating: "s", count: $0 % 13))" }.joined(separator: " ")
        for step in [100, 700, 3000] {
            let cues = try #require(ParsedCue.parse(write([final(text, step: step)], as: .srt), separator: ","))
            #expect(cues.map(\.number) == Array(1...cues.count))
            #expect(cues.allSatisfy { $0.lines.count <= 2 && $0.lines.allSatisfy { $0.count <= 42 } })
            #expect(cues.allSatisfy { $0.endMS - $0.startMS <= 7000 })
            #expect(cues.flatMap(\.lines).joined(separator: " ") == text)
            #expect(zip(cues, cues.dropFirst()).allSatisfy { $0.endMS <= $1.startMS })
            #expect(
                ParsedCue.parse(write([final(text, step: step)], as: .vtt), separator: ".")?.map(\.lines) == cues.map(\.lines))
        }
    }

    @Test func aLineIsFilledToTheLastCharacter() throws {
        let line = String(repeating: "a", count: 20) + " " + String(repeating: "b", count: 21)
        let cues = try #require(ParsedCue.parse(write([final(line + " " + line + " c", step: 10)], as: .srt), separator: ","))
        #expect(cues.map(\.lines) == [[line, line], ["c"]])
    }

    @Test func aWordThatIsTooLongStandsAlone() throws {
        let long = String(repeating: "x", count: 60)
        let cues = try #require(ParsedCue.parse(write([final("a \(long) b", step: 10)], as: .srt), separator: ","))
        #expect(cues.map(\.lines) == [["a", long], ["b"]])
        let slow = try #require(ParsedCue.parse(write([final("ohm", step: 60_000)], as: .srt), separator: ","))
        #expect(slow.map { $0.endMS - $0.startMS } == [7000])
    }

    @Test func overlappingAndEmptyTimesBecomeCaptionsOneAfterTheOther() throws {
        let finals = [
            final("one two", from: 1000), final("early", from: 1500), final("inside", from: 1200, step: 10),
            final("empty", from: 2100, step: 0), final("before", from: -300, step: 100),
        ]
        for separator in [",", "."] as [Character] {
            let cues = try #require(ParsedCue.parse(write(finals, as: separator == "," ? .srt : .vtt), separator: separator))
            #expect(cues.count == 5)
            #expect(cues.allSatisfy { $0.startMS < $0.endMS })
            #expect(zip(cues, cues.dropFirst()).allSatisfy { $0.endMS <= $1.startMS })
        }
    }

    @Test func wordsAreCaptionsOfTheirOwnInSubRip() throws {
        let cues = try #require(ParsedCue.parse(write(spoken, as: .srt, showsWords: true), separator: ","))
        #expect(cues.map(\.lines) == [["go"], ["forward"], ["ten"], ["meters"], ["and"], ["stop"]])
        #expect(cues.map(\.startMS) == [420, 920, 1420, 1920, 4000, 4500])
    }

    @Test func wordsAreTimeStampsInsideTheCuesOfWebVTT() {
        #expect(
            write(spoken, as: .vtt, showsWords: true).contains(
                "\ngo <00:00:00.920>forward <00:00:01.420>ten <00:00:01.920>meters\n"))
        // Not in order, at the end, or in the cue before: no stamp
        var jumbled = spoken[0]
        jumbled.hypothesis.words[2].startMS = 500
        jumbled.hypothesis.words[3].startMS = 2420
        #expect(write([jumbled], as: .vtt, showsWords: true).contains("\ngo <00:00:00.920>forward ten meters\n"))
    }

    @Test func markupIsEscapedInWebVTT() {
        let text = write([final("<b> & --> c", step: 10)], as: .vtt)
        #expect(text.hasSuffix("\n&lt;b&gt; &amp; --&gt; c\n"))
    }

    @Test func lineBreaksInsideAWordBreakNoFormat() throws {
        var odd = final("a b", step: 10)
        odd.hypothesis.words[0].text = " x\n\n2\r\n\ty\\\u{0} "
        odd.hypothesis.words[1].text = "\n\u{7}"
        #expect(write([odd], as: .text) == "x 2 y\\\n")
        for (format, separator) in [(.srt, ","), (.vtt, ".")] as [(TranscriptFormat, Character)] {
            for showsWords in [false, true] {
                let cues = try #require(ParsedCue.parse(write([odd], as: format, showsWords: showsWords), separator: separator))
                #expect(cues.map(\.lines) == [["x 2 y\\"]])
            }
        }
        let rows = write([odd], as: .tsv, showsWords: true).split(separator: "\n")
        #expect(rows.count == 3)
        #expect(rows[1] == "0\t10\t0.9\t x\\n\\n2\\r\\n\\ty\\\\\u{0} ")
        #expect(rows.allSatisfy { $0.split(separator: "\t", omittingEmptySubsequences: false).count == 4 })
    }
}
