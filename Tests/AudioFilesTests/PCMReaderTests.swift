import SpeechModel
import SpeechPipeline
import Testing

@testable import AudioFiles

@Suite struct PCMReaderTests {
    private func read(_ file: WAVBytes, step: Int = 1 << 16) throws -> (source: any AudioSource, bytes: [UInt8]) {
        let stored = TestFile(file.bytes)
        let source = try openAudio(path: stored.path, settings: testSettings())
        return (source, try readAll(source, step: step))
    }

    private func failure(_ bytes: [UInt8]) -> SpeechError? {
        let stored = TestFile(bytes)
        return #expect(throws: SpeechError.self) { try readAll(try openAudio(path: stored.path, settings: testSettings())) }
    }

    @Test(arguments: [4, 6, 1000, 1 << 20])
    func sixteenBitSamplesPassUnchangedInWholeFrames(step: Int) throws {
        let samples = (0..<50_000).map { Int16(truncatingIfNeeded: $0 &* 7919) }
        let (source, bytes) = try read(WAVBytes(channels: 2, rate: 48_000, data: WAVBytes.samples(samples)), step: step)
        #expect(int16Samples(bytes) == samples)
        #expect(source.format == (try AudioFormat(sampleRate: 48_000, channels: 2, encoding: .int16)))
        #expect(source.expectedDurationSeconds == 25_000.0 / 48_000)
        #expect(source.warnings.isEmpty)
    }

    @Test func otherWidthsBecomeFloatsOfTheSameLevel() throws {
        let cases: [(tag: UInt16, bits: UInt16, data: [UInt8], samples: [Float])] = [
            (1, 8, [0, 128, 192, 255], [-1, 0, 0.5, 127 / 128]),
            (1, 24, [0, 0, 0x80, 0, 0, 0x40, 0xFF, 0xFF, 0xFF], [-1, 0.5, -1 / 8_388_608]),
            (1, 32, [0, 0, 0, 0x80, 0, 0, 0, 0x40], [-1, 0.5]),
            (3, 32, WAVBytes.samples([0.25, -3.5] as [Float]), [0.25, -3.5]),
            (3, 64, WAVBytes.little((0.25).bitPattern) + WAVBytes.little((-3.5).bitPattern), [0.25, -3.5]),
        ]
        for (tag, bits, data, samples) in cases {
            let (source, bytes) = try read(WAVBytes(tag: tag, bits: bits, data: data))
            #expect(source.format.encoding == .float32)
            #expect(floatSamples(bytes) == samples, "\(bits) bits")
        }
    }

    @Test func bytesBehindTheSamplesAreNotSamples() throws {
        var file = WAVBytes(dataSize: 4, data: WAVBytes.samples([1, 2] as [Int16]))
        file.data += WAVBytes.chunk("LIST", [1, 2, 3, 4])
        let (source, bytes) = try read(file)
        #expect(int16Samples(bytes) == [1, 2])
        #expect(source.warnings.isEmpty)
    }

    @Test(arguments: [0, 0xFFFF_FFFF, 0x7FFF_FFDB] as [UInt32])
    func aStreamedFileIsReadToItsEndWithoutAWarning(size: UInt32) throws {
        let (source, bytes) = try read(WAVBytes(dataSize: size, data: WAVBytes.samples([1, 2, 3] as [Int16])))
        #expect(int16Samples(bytes) == [1, 2, 3])
        #expect(source.expectedDurationSeconds == 3.0 / 16_000)
        #expect(source.warnings.isEmpty)
    }

    @Test func aFileThatIsCutOffIsReadAsFarAsItGoesAndSaysWhatIsMissing() throws {
        let (source, bytes) = try read(WAVBytes(dataSize: 64_000, data: WAVBytes.samples([1, 2] as [Int16]) + [7]))
        #expect(int16Samples(bytes) == [1, 2])
        #expect(source.warnings.count == 1)
        #expect(source.warnings.first?.contains("63995 bytes (2.0 s)") == true)
        #expect(source.expectedDurationSeconds == 5.0 / 32_000)
    }

    @Test func tenGigabytesThatAreOnlyDeclaredCostNothing() throws {
        let sizes = WAVBytes.chunk(
            "ds64", WAVBytes.little(UInt64.max) + WAVBytes.little(UInt64(10 << 30)) + [UInt8](repeating: 0, count: 12))
        let file = WAVBytes(riff: "RF64", chunks: sizes, dataSize: .max, data: [UInt8](repeating: 0, count: 1024))
        let (source, bytes) = try read(file)
        #expect(bytes.count == 1024)
        #expect(source.expectedDurationSeconds == 512.0 / 16_000)
        #expect(source.warnings.first?.contains("cut off") == true)
    }

    @Test func anOddByteAtTheEndOfAWAVFileIsLeftOutWithAWarning() throws {
        let (source, bytes) = try read(WAVBytes(data: [1, 0, 2]))
        #expect(int16Samples(bytes) == [1])
        #expect(source.warnings == [source.warnings[0]])
        #expect(source.warnings[0].contains("inside a sample"))
    }

    @Test func moreThanTwoChannelsAreRefusedWithTheCommandThatMixesThem() {
        for channels in [3, 64] as [UInt16] {
            let error = failure(WAVBytes(channels: channels, data: [UInt8](repeating: 0, count: 1280)).bytes)
            #expect(error?.code == .unsupportedAudio)
            #expect(error?.message.contains("\(channels) channels") == true)
            #expect(error?.advice.contains("ffmpeg -i INPUT -ac 1") == true)
        }
    }

    @Test(arguments: [7, 7999, 1_000_000, 4_294_967_295] as [UInt32])
    func ratesThatNobodySpeaksAtAreRefused(rate: UInt32) {
        let error = failure(WAVBytes(rate: rate, data: [0, 0]).bytes)
        #expect(error?.code == .unsupportedAudio)
        #expect(error?.message.contains("\(rate) Hz") == true)
    }

    @Test func filesWithoutSamplesAreInvalid() {
        for bytes in [[], WAVBytes().bytes, WAVBytes(dataSize: 1, data: [1]).bytes, Array(WAVBytes().bytes.prefix(40))] {
            let error = failure(bytes)
            #expect(error?.code == .invalidAudio)
            #expect(error?.message.contains("/audio") == true, "names the file")
        }
    }

    @Test func rawSamplesAreReadInTheFormatThatIsGiven() throws {
        let format = try AudioFormat(sampleRate: 8000, channels: 1, encoding: .float32)
        let file = TestFile(WAVBytes.samples([0.5, -0.5] as [Float]))
        let source = try openAudio(path: file.path, rawFormat: format, settings: testSettings())
        #expect(floatSamples(try readAll(source)) == [0.5, -0.5])
        #expect(source.format == format)
        #expect(source.expectedDurationSeconds == 2.0 / 8000)
        source.close()
        #expect(try readAll(source).isEmpty)
    }

    @Test func rawBytesThatAreNotWholeFramesMeanAWrongFormat() throws {
        let format = try AudioFormat(sampleRate: 16_000, channels: 2, encoding: .int16)
        let file = TestFile([1, 2, 3, 4, 5])
        let error = #expect(throws: SpeechError.self) {
            _ = try openAudio(path: file.path, rawFormat: format, settings: testSettings())
        }
        #expect(error?.code == .invalidAudio)
        #expect(error?.message.contains("1 bytes into a frame of 4 bytes") == true)
    }

    @Test func aHeaderWithACompressedCodingBehindALongFrontIsRefused() {
        let file = WAVBytes(tag: 6, bits: 8, chunks: WAVBytes.chunk("LIST", [UInt8](repeating: 0, count: 9000)), data: [1])
        let error = failure(file.bytes)
        #expect(error?.code == .unsupportedAudio)
        #expect(error?.message.contains("coding 6") == true)
    }
}
