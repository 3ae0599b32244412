import Foundation
import MynahConfiguration
import SpeechModel

/// What the program's exit code tells, after `sysexits.h` of BSD.
enum ExitStatus: Int32, CaseIterable {
    /// Everything was done.
    case success = 0
    /// The command line is wrong.
    case usage = 64
    /// The audio or text that was given cannot be used.
    case dataError = 65
    /// An input does not exist or may not be read.
    case noInput = 66
    /// Something that is needed is missing or does not answer: a library, a model, a device, a port, the server.
    case unavailable = 69
    /// A defect of the program or of the server.
    case software = 70
    /// An output cannot be written.
    case cannotCreate = 73
    /// An input stalled.
    case inputOutput = 74
    /// The same command may succeed later.
    case temporaryFailure = 75
    /// The configuration, or the token, is wrong.
    case configuration = 78

    /// The exit code for an error.
    init(for error: SpeechError) { self.init(for: error.code) }

    /// The exit code for an error's code.
    init(for code: ErrorCode) {
        self =
            switch code {
            case .invalidParameter: .usage
            case .unsupportedAudio, .invalidAudio, .undecodableMedia, .tooLarge: .dataError
            case .unreadableFile: .noInput
            case .missingDependency, .brokenModel, .deviceUnavailable, .portInUse, .connectionFailed, .notFound,
                .methodNotAllowed, .sessionUnknown, .sessionReplaced, .historyGone:
                .unavailable
            case .malformedMessage, .unexpectedMessage, .resumeGap, .internalError: .software
            case .unwritableFile: .cannotCreate
            case .idleTimeout: .inputOutput
            case .overloaded, .notReady, .notPrimary, .shuttingDown, .slowReader, .recogniserFailed, .synthesisFailed,
                .stageStuck:
                .temporaryFailure
            case .invalidConfiguration, .unauthorised, .forbiddenHost, .forbiddenOrigin: .configuration
            }
    }

    /// Says on the standard error what is wrong and what to do: each fault of a configuration on its own line.
    ///
    /// - Returns: the code to exit with.
    static func report(_ error: SpeechError) -> ExitStatus {
        if let faults = (error.underlying as? ConfigurationFaults)?.faults {
            for fault in faults { Terminal.error.write("mynah: \(fault)\n") }
            Terminal.error.write("mynah: \(error.advice)\n")
        } else {
            Terminal.error.write("mynah: \(error)\n")
        }
        return ExitStatus(for: error)
    }
}
