/// The catalogue of stable error codes (kebab-case on the wire). `docs/errors.md` is generated from it.
public enum ErrorCode: String, Sendable, CaseIterable, Codable {
    // What a client sent
    case malformedMessage = "malformed-message"
    case unexpectedMessage = "unexpected-message"
    case unsupportedAudio = "unsupported-audio"
    case invalidAudio = "invalid-audio"
    case invalidParameter = "invalid-parameter"
    case tooLarge = "too-large"
    case notFound = "not-found"
    case methodNotAllowed = "method-not-allowed"
    // Who may
    case unauthorised = "unauthorised"
    case forbiddenHost = "forbidden-host"
    case forbiddenOrigin = "forbidden-origin"
    // Resume
    case sessionUnknown = "session-unknown"
    case resumeGap = "resume-gap"
    case sessionReplaced = "session-replaced"
    case historyGone = "history-gone"
    // How the server is
    case overloaded = "overloaded"
    case notReady = "not-ready"
    case notPrimary = "not-primary"
    case shuttingDown = "shutting-down"
    case idleTimeout = "idle-timeout"
    case slowReader = "slow-reader"
    case recogniserFailed = "recogniser-failed"
    case synthesisFailed = "synthesis-failed"
    case stageStuck = "stage-stuck"
    case internalError = "internal-error"
    // What an operator gave
    case invalidConfiguration = "invalid-configuration"
    case missingDependency = "missing-dependency"
    case brokenModel = "broken-model"
    case deviceUnavailable = "device-unavailable"
    case portInUse = "port-in-use"
    case unreadableFile = "unreadable-file"
    case unwritableFile = "unwritable-file"
    case undecodableMedia = "undecodable-media"
    case connectionFailed = "connection-failed"

    /// Whether the same request may succeed if it is simply made again later.
    public var isRetryable: Bool {
        switch self {
        case .overloaded, .notReady, .notPrimary, .shuttingDown, .recogniserFailed, .synthesisFailed, .stageStuck, .slowReader,
            .idleTimeout, .connectionFailed:
            true
        default: false
        }
    }

    /// The HTTP status that carries this code.
    public var httpStatus: Int {
        switch self {
        case .malformedMessage, .unexpectedMessage, .invalidParameter, .invalidAudio, .resumeGap: 400
        case .unauthorised: 401
        case .forbiddenHost, .forbiddenOrigin: 403
        case .notFound, .sessionUnknown: 404
        case .methodNotAllowed: 405
        case .idleTimeout: 408
        case .sessionReplaced: 409
        case .historyGone: 410
        case .tooLarge: 413
        case .unsupportedAudio, .undecodableMedia: 415
        case .overloaded, .notReady, .notPrimary, .shuttingDown, .recogniserFailed, .synthesisFailed, .stageStuck: 503
        default: 500
        }
    }

    /// What the code means, for the reference page.
    public var meaning: String {
        switch self {
        case .malformedMessage: "A message is not valid JSON, is nested too deep, or lacks a required field."
        case .unexpectedMessage: "A message came in the wrong order, for instance audio before `start`."
        case .unsupportedAudio: "The sample rate, channel count or encoding is outside what is accepted."
        case .invalidAudio: "The audio itself is broken: a truncated header, a size that cannot be true, no samples."
        case .invalidParameter: "A query parameter, flag or field has a value outside its range."
        case .tooLarge: "A message, header or body is larger than the documented limit."
        case .notFound: "Nothing is served at this path."
        case .methodNotAllowed: "The path exists but not with this method."
        case .unauthorised: "The bearer token is missing or wrong."
        case .forbiddenHost: "The `Host` header names neither loopback nor the configured server (DNS rebinding guard)."
        case .forbiddenOrigin: "The `Origin` header names a page that this server does not serve."
        case .sessionUnknown: "The session has ended, never existed, or the resume token is wrong."
        case .resumeGap: "Audio continued beyond the position that the server asked for, so samples are missing."
        case .sessionReplaced: "A newer connection resumed this session; this one is closed."
        case .historyGone: "Results that were asked for are no longer kept."
        case .overloaded:
            "No recogniser became free in time, audio arrives faster than it can be taken, or one more session would slow down those that run."
        case .notReady: "The server is still warming up."
        case .notPrimary: "Of two servers this one is the standby at the moment; the other one answers."
        case .shuttingDown: "The server is stopping; what was said has been finalised."
        case .idleTimeout: "Nothing was received for the documented time."
        case .slowReader: "The client did not read its results; it can resume by sequence number."
        case .recogniserFailed:
            "The recogniser failed on an utterance, and so did what stands in for it; later speech is not affected."
        case .synthesisFailed: "The voice failed on a text; the same text may succeed again, or with another voice."
        case .stageStuck: "A part of the server did not come back from this session, which was given up; start a new one."
        case .internalError: "A fault of the server. The log has the details under the same request id."
        case .invalidConfiguration: "The configuration has one or more faults; each is listed."
        case .missingDependency: "A program or library that this needs is not installed."
        case .brokenModel: "A model file is missing, truncated or of another kind."
        case .deviceUnavailable: "The audio device does not exist, is busy, or went away."
        case .portInUse: "Another program listens on the port already."
        case .unreadableFile: "A file does not exist or may not be read."
        case .unwritableFile: "A file may not be written, or the disk is full."
        case .undecodableMedia: "The media file could not be decoded."
        case .connectionFailed: "The server could not be reached or closed the connection."
        }
    }
}
