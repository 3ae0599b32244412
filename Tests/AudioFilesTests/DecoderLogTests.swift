import Testing

@testable import AudioFiles

@Suite struct DecoderLogTests {
    private func log(_ text: String, step: Int = .max) -> DecoderLog {
        var log = DecoderLog()
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            log.append(rest.prefix(step))
            rest = rest.dropFirst(step)
        }
        log.finishLine()
        return log
    }

    @Test func theDurationIsReadWhereverTheBytesAreDivided() {
        let text = "[info] Input #0, flac, from 'x':\n[info]   Duration: 01:02:03.50, start: 0.0, bitrate: 1 kb/s\n"
        for step in [1, 7, 1000] {
            #expect(log(text, step: step).durationSeconds == 3723.5)
            #expect(log(text, step: step).faultCount == 0)
        }
        #expect(log("[info]   Duration: N/A, bitrate: N/A\n").durationSeconds == nil)
        #expect(log("[info]   Duration: 1:x:3, bitrate: N/A").durationSeconds == nil)
    }

    @Test func faultsAreCountedAndTheLatestKept() {
        let text = (1...100).map { "[flac @ 0x55] [error] broken frame \($0) \(String(repeating: "x", count: 80))\n" }.joined()
        let log = log("[info] hello\n[warning] odd\n" + text)
        #expect(log.faultCount == 100)
        #expect(log.faultText.utf8.count <= DecoderLog.faultLimit)
        #expect(log.faultText.contains("broken frame 100"))
        #expect(log.firstFault.contains("broken frame"))
        #expect(!log.firstFault.contains("frame 1 "))
    }

    @Test func oneEndlessLineIsCut() {
        let log = log("[error] " + String(repeating: "y", count: 100_000))
        #expect(log.faultCount == 1)
        #expect(log.faultText.utf8.count == 1024)
    }

    @Test func linesWithoutALevelAreFaultsOnlyBeforeFFmpegSpeaks() {
        let log = log("cannot map libfoo.so\n\n[info] Input\n  a second line of a title\n")
        #expect(log.faultCount == 1)
        #expect(log.faultText == "cannot map libfoo.so")
        #expect(DecoderLog().firstFault == "")
    }

    @Test func controlCharactersOfForeignTagsReachNoTerminal() {
        #expect(log("[error] \u{1B}[31mred\u{7}").faultText == "[error]  [31mred ")
    }
}
