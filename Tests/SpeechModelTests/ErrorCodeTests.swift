import SpeechModel
import Testing

@Suite("The catalogue of errors") struct ErrorCodeTests {
    @Test("is in kebab-case, as it goes over the wire", arguments: ErrorCode.allCases)
    func kebabCase(_ code: ErrorCode) {
        let parts = code.rawValue.split(separator: "-", omittingEmptySubsequences: false)
        #expect(parts.allSatisfy { part in !part.isEmpty && part.allSatisfy { $0.isASCII && $0.isLowercase } })
    }

    @Test("explains every code in a sentence of its own")
    func meanings() {
        let meanings = ErrorCode.allCases.map(\.meaning)
        #expect(meanings.allSatisfy { $0.count > 15 && $0.hasSuffix(".") && $0.first!.isASCII })
        #expect(Set(meanings).count == meanings.count)
    }

    @Test("calls retryable what passes by itself, and nothing that the client must change")
    func retryable() {
        #expect(
            Set(ErrorCode.allCases.filter(\.isRetryable)) == [
                .overloaded, .notReady, .notPrimary, .shuttingDown, .recogniserFailed, .synthesisFailed, .stageStuck, .slowReader,
                .idleTimeout,
                .connectionFailed,
            ])
    }

    @Test("gives each code the HTTP status that clients and proxies expect")
    func httpStatus() {
        let expected: [Int: Set<ErrorCode>] = [
            400: [.malformedMessage, .unexpectedMessage, .invalidParameter, .invalidAudio, .resumeGap],
            401: [.unauthorised],
            403: [.forbiddenHost, .forbiddenOrigin],
            404: [.notFound, .sessionUnknown],
            405: [.methodNotAllowed],
            408: [.idleTimeout],
            409: [.sessionReplaced],
            410: [.historyGone],
            413: [.tooLarge],
            415: [.unsupportedAudio, .undecodableMedia],
            500: [
                .slowReader, .internalError, .invalidConfiguration, .missingDependency, .brokenModel, .deviceUnavailable,
                .portInUse, .unreadableFile, .unwritableFile, .connectionFailed,
            ],
            503: [.overloaded, .notReady, .notPrimary, .shuttingDown, .recogniserFailed, .synthesisFailed, .stageStuck],
        ]
        #expect(Dictionary(grouping: ErrorCode.allCases, by: \.httpStatus).mapValues(Set.init) == expected)
    }
}
