import Glibc
import SpeechModel
import SpeechPipeline
import Testing

@testable import AudioFiles

@Suite struct OpenAudioTests {
    private func failure(_ path: String, limits: AudioLimits = AudioLimits(), cancellation: Cancellation? = nil) -> SpeechError? {
        #expect(throws: SpeechError.self) {
            try readAll(try openAudio(path: path, settings: testSettings(limits: limits), cancellation: cancellation))
        }
    }

    @Test func whatCannotBeOpenedIsUnreadable() {
        #expect(failure("/nowhere/a.wav")?.code == .unreadableFile)
        #expect(failure("/nowhere/a.wav")?.advice.contains("spelling") == true)
        #expect(failure("/etc/passwd/a.wav")?.advice.contains("may read") == true)
        #expect(failure("/tmp")?.message.contains("is a directory") == true)
        // Opens, but has no byte at its beginning
        #expect(failure("/proc/self/mem")?.message.contains("cannot be read") == true)
    }

    @Test func nothingAtAllIsInvalid() {
        let error = failure("/dev/null")
        #expect(error?.code == .invalidAudio)
        #expect(error?.message.contains("empty") == true)
    }

    @Test func textIsNotAudioWhateverItsName() {
        let file = TestFile(Array("It was a dark and stormy night.".utf8), name: "night.wav")
        let error = failure(file.path)
        #expect(error?.code == .unsupportedAudio)
        #expect(error?.advice.contains("FLAC") == true)
    }

    @Test func aFIFOWithoutAWriterTimesOut() {
        let fifo = TestFile(fifo: ())
        let error = failure(fifo.path, limits: AudioLimits(idleMilliseconds: 20))
        #expect(error?.code == .idleTimeout)
        #expect(error?.message.contains("0.02 s") == true)
    }

    @Test func aFIFOThatNeverEndsTimesOutAfterItsLastSample() throws {
        let fifo = TestFile(fifo: ())
        let writer = open(fifo.path, O_RDWR)
        defer { close(writer) }
        let bytes = WAVBytes(dataSize: 0, data: [UInt8](repeating: 0, count: 8000)).bytes
        #expect(write(writer, bytes, bytes.count) == bytes.count)
        let source = try openAudio(path: fifo.path, settings: testSettings(limits: AudioLimits(idleMilliseconds: 20)))
        #expect(source.expectedDurationSeconds == nil)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 2)
        defer { buffer.deallocate() }
        var received = 0
        let error = #expect(throws: SpeechError.self) { while true { received += try source.read(into: buffer) } }
        #expect(error?.code == .idleTimeout)
        #expect(received == 8000)
    }

    @Test func cancellingEndsReadsOfAPipe() {
        let fifo = TestFile(fifo: ())
        let cancellation = Cancellation()
        cancellation.cancel()
        #expect(failure(fifo.path, cancellation: cancellation)?.code == .shuttingDown)
    }

    @Test func theStandardInputStaysOpen() throws {
        let input = try InputFile(path: "-", idleMilliseconds: 1, cancellation: nil)
        #expect(input.name == "the standard input")
        input.close()
        #expect(fcntl(STDIN_FILENO, F_GETFD) >= 0)
    }

    @Test func soundWAVFilesBeyondOurReaderGoToTheDecoder() throws {
        let samples = (0..<9600).map { Int16(truncatingIfNeeded: ($0 % 100) * 100) }
        let file = TestFile(WAVBytes(rate: 96_000, data: WAVBytes.samples(samples)).bytes)
        let source = try openAudio(path: file.path, settings: testSettings())
        #expect(source is FFmpegDecoder)
        #expect(int16Samples(try readAll(source)).count == 1600)
    }
}
