import Application
import Ports
import SpeechModel
import Synchronization
import Testing

@Suite struct SpeakerAttributionTests {
    private func final(_ sequence: Int, _ words: [(String, Int, Int)]) -> FinalResult {
        FinalResult(
            sequence: sequence,
            hypothesis: Hypothesis(
                words: words.map { Word($0.0, startMS: $0.1, endMS: $0.2, confidence: 1) }, alternatives: ["x"]),
            startMS: words[0].1 - 50, endMS: words[words.count - 1].2 + 50, latency: FinalLatency())
    }

    @Test func `a final is parted where another person goes on, and numbers run on`() {
        let finals = [
            final(1, [("how", 0, 200), ("are", 200, 400), ("you", 400, 600), ("fine", 900, 1200), ("thanks", 1200, 1500)]),
            final(2, [("good", 2000, 2300)]),
        ]
        let turns = [
            SpeakerTurn(startMS: 0, endMS: 700, speaker: 0), SpeakerTurn(startMS: 800, endMS: 1600, speaker: 1),
            SpeakerTurn(startMS: 1900, endMS: 2400, speaker: 0),
        ]
        let parts = SpeakerAttribution.attribute(finals, to: turns)
        #expect(parts.map(\.hypothesis.text) == ["how are you", "fine thanks", "good"])
        #expect(parts.map(\.hypothesis.speaker) == ["speaker_1", "speaker_2", "speaker_1"])
        #expect(parts.map(\.sequence) == [1, 2, 3])
        #expect(parts.map(\.startMS) == [0, 900, 1950] && parts.map(\.endMS) == [600, 1500, 2350])
        #expect(parts.map(\.hypothesis.alternatives) == [[], [], ["x"]])
    }

    @Test func `a word that nobody or that two speak belongs to who is near, or has the floor`() {
        let finals = [final(1, [("one", 0, 100), ("two", 500, 600), ("three", 700, 800), ("four", 2000, 2100)])]
        let turns = [
            SpeakerTurn(startMS: 450, endMS: 900, speaker: 3), SpeakerTurn(startMS: 650, endMS: 900, speaker: 1),
            SpeakerTurn(startMS: 1500, endMS: 1900, speaker: 2),
        ]
        let parts = SpeakerAttribution.attribute(finals, to: turns)
        #expect(parts.map(\.hypothesis.text) == ["one two three", "four"])
        #expect(parts.map(\.hypothesis.speaker) == ["speaker_4", "speaker_3"])
        #expect(SpeakerAttribution.attribute(finals, to: []) == finals)
        #expect(SpeakerAttribution.attribute([], to: turns).isEmpty)
    }

    @Test func `voices that are near are one person, whatever their level; the first names stay`() {
        let book = SpeakerBook(threshold: 0.3)
        #expect(book.name(of: [1, 0, 0], weight: 2) == "speaker_1")
        #expect(book.name(of: [0, 5, 0], weight: 2) == "speaker_2")
        #expect(book.name(of: [0.1, 0.01, 0.01], weight: 1) == "speaker_1")
        #expect(book.name(of: [0, 1, 0.3], weight: 1) == "speaker_2")
        #expect(book.name(of: [0, 0, -1], weight: 1) == "speaker_3")
        #expect(book.name(of: [0, 0, 0], weight: 1) == nil && book.name(of: [.nan, 1], weight: 1) == nil)
        #expect(book.name(of: [], weight: 1) == nil)
    }

    @Test func `people are numbered as they speak, though one leaves the queue early`() async {
        let book = SpeakerBook(threshold: 0.3)
        let places = (0..<4).map { _ in book.nextPlace() }
        places[1].leave()
        let order = Order()
        await withTaskGroup { group in
            for index in [3, 2, 0] {
                group.addTask {
                    await places[index].reached()
                    order.indices.withLock { $0.append(index) }
                    places[index].leave()
                }
            }
        }
        #expect(order.indices.withLock { $0 } == [0, 2, 3])
    }

    @Test func `a voice may drift, and no more people are told apart than can be`() {
        let book = SpeakerBook(threshold: 0.1)
        for step in 0...60 {
            let angle = Double(step) / 60 * 1.5
            #expect(book.name(of: [1 - angle * angle / 2, angle], weight: 3) == "speaker_1" || step > 30)
        }
        let crowd = SpeakerBook(threshold: 0)
        let names = (0..<40).map { index in
            crowd.name(of: (0..<64).map { $0 == index ? 1 : 0 }, weight: 1)
        }
        #expect(Set(names).count == SpeakerBook.maximumSpeakers)
    }
}

private final class Order: Sendable {
    let indices = Mutex<[Int]>([])
}
