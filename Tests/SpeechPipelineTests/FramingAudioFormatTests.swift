import SpeechModel
import SpeechPipeline
import Testing

@Suite struct AudioFormatTests {
    @Test(arguments: [8000, 11_025, 16_000, 44_100, 48_000], [1, 2])
    func `Every rate and channel count in the range is accepted`(rate: Int, channels: Int) throws {
        let format = try AudioFormat(sampleRate: rate, channels: channels)
        #expect(format.sampleRate == rate && format.channels == channels && format.encoding == .int16)
    }

    @Test(arguments: [Int.min, -1, 0, 7, 7999, 48_001, 1_000_000, Int.max])
    func `A rate outside the range is refused by name`(rate: Int) {
        let error = #expect(throws: SpeechError.self) { try AudioFormat(sampleRate: rate, channels: 1) }
        #expect(error?.code == .unsupportedAudio)
        #expect(error?.message.contains("\(rate) Hz") == true && error?.message.contains("8000–48000") == true)
        #expect(error?.advice.isEmpty == false)
    }

    @Test(arguments: [Int.min, 0, 3, 64])
    func `A channel count outside the range is refused by name`(channels: Int) {
        let error = #expect(throws: SpeechError.self) { try AudioFormat(sampleRate: 16_000, channels: channels) }
        #expect(error?.code == .unsupportedAudio)
        #expect(error?.message.contains("count of \(channels) ") == true && error?.message.contains("1–2") == true)
    }

    @Test func `A frame holds one sample of every channel`() throws {
        #expect(try AudioFormat(sampleRate: 8000, channels: 1).bytesPerFrame == 2)
        #expect(try AudioFormat(sampleRate: 8000, channels: 2).bytesPerFrame == 4)
        #expect(try AudioFormat(sampleRate: 8000, channels: 1, encoding: .float32).bytesPerFrame == 4)
        #expect(try AudioFormat(sampleRate: 8000, channels: 2, encoding: .float32).bytesPerFrame == 8)
    }

    @Test func `Encodings have their names on the wire`() {
        #expect(AudioFormat.Encoding(rawValue: "pcm_s16le") == .int16)
        #expect(AudioFormat.Encoding(rawValue: "pcm_f32le") == .float32)
        #expect(AudioFormat.Encoding.allCases.count == 2)
    }
}
