import AudioFiles
import SpeechModel
import SpeechPipeline
import Testing

@testable import CaptureEdge

@Suite("A repeated recording") struct RepeatedRecordingTests {
    @Test("goes on with its first sample after its last, and closes what it has read")
    func repeats() throws {
        let closed = Locked(0)
        let recording = try RepeatedRecording { () throws(SpeechError) -> any AudioSource in
            try ScriptedRecording(frames: 5) { closed.withLock { $0 += 1 } }
        }
        #expect(recording.format.sampleRate == 16_000)
        #expect(recording.expectedDurationSeconds == nil && recording.warnings == ["odd"])
        var samples: [Int16] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 6, alignment: 16)
        defer { buffer.deallocate() }
        while samples.count < 13 {
            let count = try recording.read(into: buffer)
            samples += (0..<count / 2).map { buffer.loadUnaligned(fromByteOffset: 2 * $0, as: Int16.self) }
        }
        #expect(samples == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2])
        #expect(closed.withLock { $0 } == 2)
        recording.close()
        #expect(closed.withLock { $0 } == 3)
    }

    @Test("that holds nothing is an error and no endless loop")
    func empty() throws {
        let recording = try RepeatedRecording { () throws(SpeechError) -> any AudioSource in try ScriptedRecording(frames: 0) }
        let error = try #require(throws: SpeechError.self) { try read(recording) }
        #expect(error.code == .invalidAudio)
    }

    @Test("that is replaced by one of another format is an error, because its listeners were told the first")
    func replaced() throws {
        let opens = Locked(0)
        let recording = try RepeatedRecording { () throws(SpeechError) -> any AudioSource in
            try ScriptedRecording(
                frames: 1,
                sampleRate: opens.withLock {
                    $0 += 1; return $0
                } == 1 ? 16_000 : 8000)
        }
        #expect(try read(recording) == 2)
        let error = try #require(throws: SpeechError.self) { try read(recording) }
        #expect(error.code == .invalidAudio)
    }

    private func read(_ recording: RepeatedRecording) throws(SpeechError) -> Int {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 6, alignment: 16)
        defer { buffer.deallocate() }
        return try recording.read(into: buffer)
    }
}
