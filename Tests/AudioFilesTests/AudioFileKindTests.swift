import Testing

@testable import AudioFiles

@Suite struct AudioFileKindTests {
    @Test(
        arguments: [
            ("RIFF____WAVE", .wave), ("RF64____WAVE", .wave), ("BW64____WAVE", .wave), ("RIFX____WAVE", .wave),
            ("RIFF____AVI LIST", .avi), ("RIFF____WEBP", .unknown), ("fLaC", .flac), ("OggS", .ogg), ("ID3\u{4}", .mpegAudio),
            ("____ftypM4A ", .isoMedia), ("____moov", .isoMedia), ("FORM____AIFF", .aiff), ("FORM____AIFC", .aiff),
            ("FORM____8SVX", .unknown), ("caff", .caf), (".snd", .sunAudio), ("#!AMR\n", .amr), ("", .unknown), ("R", .unknown),
            ("#EXTM3U\nhttp://127.0.0.1/a.ts\n", .unknown), ("ffconcat version 1.0\nfile /etc/passwd\n", .unknown),
            ("It was a dark and stormy night.", .unknown), ("<?xml version=\"1.0\"?><MPD/>", .unknown),
        ] as [(String, AudioFileKind)])
    func textualSignaturesTellTheKind(prefix: String, kind: AudioFileKind) {
        #expect(AudioFileKind(prefix: prefix.utf8) == kind)
    }

    @Test(
        arguments: [
            ([0x1A, 0x45, 0xDF, 0xA3], .matroska), ([0xFF, 0xFB, 0x90, 0x64], .mpegAudio), ([0xFF, 0xF3, 0x40, 0], .mpegAudio),
            ([0xFF, 0xF1, 0x50, 0x80], .adts), ([0xFF, 0xE1, 0x50, 0x80], .unknown), ([0xFF, 0xF1, 0xFC, 0], .unknown),
            ([0xFF, 0xFB, 0xF0, 0], .unknown), ([0xFF, 0xFB, 0x9C, 0], .unknown), ([0xFF, 0xEB, 0x90, 0], .unknown),
            ([0xFF, 0xFE, 0x41, 0], .unknown), ([0xFF, 0xFB], .unknown),
            ([0x72, 0x69, 0x66, 0x66, 0x2E, 0x91, 0xCF, 0x11], .wave64),
            ([0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11], .asf),
            ([0x47] + [UInt8](repeating: 0, count: 400), .unknown),
        ] as [([UInt8], AudioFileKind)])
    func binarySignaturesTellTheKind(prefix: [UInt8], kind: AudioFileKind) {
        #expect(AudioFileKind(prefix: prefix) == kind)
    }

    @Test func aTransportStreamRepeatsItsSyncByte() {
        var bytes = [UInt8](repeating: 0, count: 3 * 188)
        for packet in 0..<3 { bytes[packet * 188] = 0x47 }
        #expect(AudioFileKind(prefix: bytes) == .mpegTransport)
    }

    @Test func noKindIsGivenADemultiplexerThatFollowsReferences() {
        let following: Set = [
            "hls", "concat", "dash", "image2", "imf", "sdp", "rtsp", "applehttp", "mpegtsraw", "lavfi", "tedcaptions",
        ]
        for kind in AudioFileKind.allCases {
            #expect(!kind.demultiplexers.isEmpty, "an empty list would allow all")
            #expect(following.isDisjoint(with: kind.demultiplexers.split(separator: ",").map(String.init)))
        }
    }
}
