import SpeechModel
import Testing

@Suite("A position in the audio") struct SampleTimeTests {
    @Test("counts samples at 16 kHz")
    func units() {
        #expect(SampleTime(16_000).seconds == 1)
        #expect(SampleTime(8).seconds == 0.0005)
        #expect(SampleTime(32_015).milliseconds == 2000)
        #expect(SampleTime.milliseconds(20).sample == 320)
        #expect(SampleTime.zero.sample == 0)
    }

    @Test("is ordered and measured in samples")
    func arithmetic() {
        let a = SampleTime(100)
        #expect(a + 20 == SampleTime(120))
        #expect(SampleTime(120) - a == 20)
        #expect(a < a + 1)
        #expect(!(a < a))
    }
}
