import SpeechModel
import SpeechPipeline
import Testing

@testable import CaptureEdge

@Suite("AUDIO_DEVICE and RTAP_AUDIO_MOCK") struct CaptureInputTests {
    @Test(
        "ask for",
        arguments: [
            (nil, nil, nil),
            ("", "", nil),
            ("default", nil, .device(name: "default")),
            ("plughw:1,0", "false", .device(name: "plughw:1,0")),
            ("plughw:1,0", "", .device(name: "plughw:1,0")),
            ("plughw:1,0", "true", .recording(path: "/samples/a.wav", loops: true)),
            (nil, "TRUE", .recording(path: "/samples/a.wav", loops: true)),
            (nil, "False", nil),
            (nil, "my recordings/b.wav", .recording(path: "my recordings/b.wav", loops: true)),
            (nil, "./1", .recording(path: "./1", loops: true)),
            ("hw:0", "/b.wav", .recording(path: "/b.wav", loops: true)),
        ] as [(String?, String?, CaptureInput?)])
    func parses(_ device: String?, _ mock: String?, _ expected: CaptureInput?) throws {
        #expect(try CaptureInput.parse(device: device, mock: mock, sample: "/samples/a.wav") == expected)
    }

    @Test(
        "are refused when nobody can mean them",
        arguments: [
            ("   ", nil), ("hw:\u{1B}[2J", nil), ("a\0b", nil), ("a\nb", "true"), (String(repeating: "x", count: 257), nil),
            (nil, "1"), (nil, "yes"), (nil, "On"), (nil, "off"), (nil, "-"), (nil, " "), ("default", "a\tb.wav"),
        ] as [(String?, String?)])
    func refuses(_ device: String?, _ mock: String?) throws {
        let error = try #require(throws: SpeechError.self) {
            try CaptureInput.parse(device: device, mock: mock, sample: "/samples/a.wav")
        }
        #expect(error.code == .invalidConfiguration)
        #expect(error.message.contains(mock != nil && device != "a\nb" ? "RTAP_AUDIO_MOCK" : "AUDIO_DEVICE"))
        #expect(!error.message.contains("\u{1B}"))
    }

    @Test("say that the built-in recording is missing")
    func missingSample() throws {
        let error = try #require(throws: SpeechError.self) {
            try CaptureInput.parse(device: nil, mock: "true", sample: nil)
        }
        #expect(error.code == .missingDependency)
    }

    @Test("are used with pieces of 10–100 ms and a ring of at least one piece and at most a minute")
    func settings() throws {
        let settings = try CaptureSettings()
        #expect((settings.frameMS, settings.ringBufferMS) == (20, 4000))
        #expect(try CaptureSettings(frameMS: 100, ringBufferMS: 100).ringBufferMS == 100)
        for (frameMS, ringBufferMS) in [(9, 4000), (101, 4000), (20, 19), (20, 60_001)] {
            let error = try #require(throws: SpeechError.self) {
                try CaptureSettings(frameMS: frameMS, ringBufferMS: ringBufferMS)
            }
            #expect(error.code == .invalidConfiguration)
        }
    }
}
