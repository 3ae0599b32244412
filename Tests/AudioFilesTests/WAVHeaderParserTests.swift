import SpeechModel
import Testing

@testable import AudioFiles

@Suite struct WAVHeaderParserTests {
    /// Parses `bytes` in pieces of `step`.
    private func parse(_ bytes: [UInt8], step: Int = .max) throws -> (header: WAVHeader, consumed: Int) {
        var parser = WAVHeaderParser()
        var start = 0
        while start < bytes.count {
            let end = start + min(step, bytes.count - start)
            switch try parser.parse(bytes[start..<end].span) {
            case .incomplete: start = end
            case .complete(let header, let consumed): return (header, start + consumed)
            }
        }
        throw parser.endedEarly
    }

    private func failure(_ bytes: [UInt8], step: Int = .max) -> SpeechError? {
        #expect(throws: SpeechError.self) { try parse(bytes, step: step) }
    }

    @Test func aPlainHeaderIsReadInPiecesOfAnyLength() throws {
        let file = WAVBytes(channels: 2, rate: 44_100, data: WAVBytes.samples([1, 2, 3, 4] as [Int16]))
        for step in [1, 2, 3, 7, 43, 44, 1000] {
            let (header, consumed) = try parse(file.bytes, step: step)
            #expect(
                header
                    == WAVHeader(
                        formatTag: 1, channels: 2, sampleRate: 44_100, bitsPerSample: 16, dataByteCount: 8, dataOffset: 44))
            #expect(consumed == 44)
            #expect(header.coding == .signed16)
        }
    }

    @Test func unknownChunksAreSkippedWithTheirPadding() throws {
        let chunks =
            WAVBytes.chunk("LIST", [1, 2, 3]) + WAVBytes.chunk("JUNK", [])
            + WAVBytes.chunk("bext", Array(repeating: 7, count: 602))
        for step in [1, 13, 1000] {
            let (header, consumed) = try parse(WAVBytes(chunks: chunks, data: [0, 0]).bytes, step: step)
            #expect(header.dataByteCount == 2)
            #expect(consumed == 44 + chunks.count)
        }
    }

    @Test(
        arguments: [
            (1, 8, SampleCoding.unsigned8), (1, 12, .signed16), (1, 16, .signed16), (1, 20, .signed24), (1, 24, .signed24),
            (1, 32, .signed32), (3, 32, .float32), (3, 64, .float64),
        ] as [(UInt16, UInt16, SampleCoding)])
    func everyPCMAndFloatWidthIsKnown(tag: UInt16, bits: UInt16, coding: SampleCoding) throws {
        #expect(try parse(WAVBytes(tag: tag, bits: bits).bytes).header.coding == coding)
    }

    @Test func anExtensibleFormatNamesItsCodingInTheExtension() throws {
        // Length of the extension, valid bits, loudspeakers, sub-format
        let tail: [UInt8] = [22, 0, 24, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]
        let file = WAVBytes(tag: 0xFFFE, bits: 24, formatExtension: tail)
        #expect(try parse(file.bytes).header.coding == .signed24)
        #expect(failure(WAVBytes(tag: 0xFFFE, bits: 24, formatExtension: [0, 0]).bytes)?.code == .invalidAudio)
    }

    @Test func aFormatChunkLongerThanItsStandardIsReadAndItsRestSkipped() throws {
        let file = WAVBytes(formatExtension: [UInt8](repeating: 9, count: 101), data: [1, 1])
        #expect(try parse(file.bytes, step: 5).consumed == 44 + 102)
    }

    @Test func otherCodingsAreReportedAndNotJudged() throws {
        let header = try parse(WAVBytes(tag: 6, bits: 8, blockAlign: 77).bytes).header
        #expect(header.formatTag == 6)
        #expect(header.coding == nil)
    }

    @Test(arguments: [0, 0x7FFF_FFDB, 0x8000_0000, 0xFFFF_FFFF] as [UInt32])
    func sizesThatStreamingWritersLeaveMeanToTheEnd(size: UInt32) throws {
        #expect(try parse(WAVBytes(riffSize: size, dataSize: size).bytes).header.dataByteCount == nil)
    }

    @Test(arguments: ["RF64", "BW64"])
    func sizesBeyondFourGigabytesComeFromTheirOwnChunk(riff: String) throws {
        let sizes = WAVBytes.chunk(
            "ds64", WAVBytes.little(UInt64(10 << 30)) + WAVBytes.little(UInt64(9 << 30)) + [UInt8](repeating: 0, count: 12))
        let file = WAVBytes(riff: riff, riffSize: .max, chunks: sizes, dataSize: .max)
        #expect(try parse(file.bytes, step: 3).header.dataByteCount == 9 << 30)
        // A data chunk that knows its own size is believed; without the chunk the size is unknown.
        #expect(try parse(WAVBytes(riff: riff, chunks: sizes, dataSize: 4).bytes).header.dataByteCount == 4)
        #expect(try parse(WAVBytes(riff: riff, dataSize: .max).bytes).header.dataByteCount == nil)
    }

    @Test func aBigEndianFileIsRefusedWithAdvice() throws {
        let error = try #require(failure(WAVBytes(riff: "RIFX").bytes))
        #expect(error.code == .unsupportedAudio)
        #expect(error.advice.contains("sox"))
    }

    @Test func contradictionsAreInvalid() {
        for file in [
            WAVBytes(channels: 0, blockAlign: 2), WAVBytes(rate: 0), WAVBytes(channels: 2, blockAlign: 2),
            WAVBytes(blockAlign: 0), WAVBytes(chunks: WAVBytes.chunk("data", [1, 2])),
            WAVBytes(chunks: WAVBytes.chunk("fmt ", [1, 0, 1, 0])),
            WAVBytes(chunks: WAVBytes.chunk("fmt ", WAVBytes().formatBody)),
            WAVBytes(riff: "text"),
        ] {
            #expect(failure(file.bytes)?.code == .invalidAudio)
        }
        #expect(failure(Array("RIFF____WEBP____________".utf8))?.code == .invalidAudio)
    }

    @Test(arguments: [(1, 0), (1, 40), (1, 65_535), (3, 16)] as [(UInt16, UInt16)])
    func sampleWidthsThatNobodyWritesAreUnsupported(tag: UInt16, bits: UInt16) {
        let file = WAVBytes(tag: tag, bits: bits, blockAlign: 5)
        #expect(failure(file.bytes)?.code == .unsupportedAudio)
    }

    @Test func aHeaderThatEndsEarlySaysWhere() {
        let header = WAVBytes(chunks: WAVBytes.chunk("LIST", [1, 2, 3, 4])).header
        for length in 1..<header.count {
            let error = failure(Array(header.prefix(length)))
            #expect(error?.code == .invalidAudio)
            let place = length < 12 ? "after \(length) bytes" : length < 48 ? "before its format" : "before its samples"
            #expect(error?.message.contains(place) == true, "\(length): \(error?.message ?? "")")
        }
    }

    @Test func aHeaderWithoutEndIsGivenUp() {
        let file = WAVBytes(chunks: WAVBytes.chunk("JUNK", [], size: .max)).bytes
        let error = failure(Array(file.prefix(20)) + [UInt8](repeating: 0, count: 65 << 20), step: 1 << 20)
        #expect(error?.code == .invalidAudio)
        #expect(error?.message.contains("64 MiB") == true)
    }
}
