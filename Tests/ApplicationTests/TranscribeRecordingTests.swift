import Application
import SpeechModel
import SpeechPipeline
import Testing

@Suite struct TranscribeRecordingTests {
    private func run(_ recognizer: ScriptedRecognizer, bursts: Int) throws -> (
        finals: [FinalResult], problems: [SpeechError], seconds: Double
    ) {
        var audio = TestAudio.bursts(bursts)[...]
        var finals: [FinalResult] = []
        var problems: [SpeechError] = []
        let seconds = try TranscribeRecording(recognizer: recognizer, configuration: SpeechPipeline.Configuration()).run(
            format: try AudioFormat(sampleRate: 16_000, channels: 1), detector: LoudnessDetector(),
            read: { buffer in
                let piece = audio.prefix(buffer.count)
                buffer.copyBytes(from: piece)
                audio = audio.dropFirst(piece.count)
                return piece.count
            }, final: { finals.append($0) }, problem: { problems.append($0) })
        return (finals, problems, seconds)
    }

    @Test func `each utterance becomes one final, numbered and in the order of speech`() throws {
        let result = try run(ScriptedRecognizer(), bursts: 5)
        #expect(result.finals.map(\.sequence) == [1, 2, 3, 4, 5])
        #expect(result.finals.map(\.hypothesis.text) == (1...5).map { "utterance-\($0)" })
        #expect(zip(result.finals, result.finals.dropFirst()).allSatisfy { $0.endMS <= $1.startMS })
        #expect(result.seconds == 10)
        #expect(result.problems.isEmpty)
    }

    @Test func `an utterance that is lost is told, and the others keep their numbers without a gap`() throws {
        let result = try run(ScriptedRecognizer(failing: [2]), bursts: 3)
        #expect(result.finals.map(\.hypothesis.text) == ["utterance-1", "utterance-3"])
        #expect(result.finals.map(\.sequence) == [1, 2])
        #expect(result.problems.map(\.code) == [.recogniserFailed])
    }

    @Test func `silence and nothing at all give no finals`() throws {
        #expect(try run(ScriptedRecognizer(), bursts: 0).finals.isEmpty)
    }
}
