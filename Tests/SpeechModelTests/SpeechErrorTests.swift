import SpeechModel
import Testing

@Suite("An error") struct SpeechErrorTests {
    @Test("says what is wrong and then what to do")
    func description() {
        let error = SpeechError(.portInUse, "Port 8080 is taken.", advice: "Stop the other program.")
        #expect("\(error)" == "Port 8080 is taken. Stop the other program.")
    }

    @Test("knows where it was made")
    func location() {
        let line: UInt = #line + 1
        let error = SpeechError(.internalError, "a", advice: "b")
        #expect(error.location == "SpeechModelTests/SpeechErrorTests.swift:\(line)")
        #expect(error.underlying == nil)
    }

    @Test("keeps the error that caused it")
    func underlying() throws {
        let cause = SpeechError(.unreadableFile, "a", advice: "b")
        let error = SpeechError(.brokenModel, "c", advice: "d", underlying: cause)
        let kept = try #require(error.underlying as? SpeechError)
        #expect(kept.code == .unreadableFile)
    }

    @Test("is as retryable as its code", arguments: [(ErrorCode.overloaded, true), (.invalidAudio, false)])
    func retryable(_ code: ErrorCode, _ expected: Bool) {
        #expect(SpeechError(code, "a", advice: "b").isRetryable == expected)
    }
}

@Suite("A sensitive value") struct SensitiveTests {
    private struct Holder { let secret: Sensitive<String> }

    @Test("shows itself in no description, interpolation, reflection or dump")
    func redacted() {
        let secret = Sensitive("correct horse")
        var dumped = ""
        dump(Holder(secret: secret), to: &dumped)
        let shown = [
            "\(secret)", String(describing: secret), String(reflecting: secret), "\(Holder(secret: secret))", "\([secret])",
            dumped,
        ]
        #expect(shown.allSatisfy { !$0.contains("horse") && $0.contains("redacted") })
        #expect(Mirror(reflecting: secret).children.isEmpty)
    }

    @Test("is readable by whoever asks for it by name")
    func exposed() { #expect(Sensitive([1, 2]).exposed == [1, 2]) }
}
