import CZeroMQ
import Glibc
import SpeechModel

/// What libzmq's error numbers mean for whoever runs the server.
enum ZeroMQError {
    /// The words for an error number of libzmq or of the system.
    static func text(_ code: CInt) -> String { String(cString: zmq_strerror(code)) }

    /// Why an address cannot be bound.
    static func binding(_ endpoint: String, _ code: CInt) -> SpeechError {
        switch code {
        case EADDRINUSE:
            SpeechError(
                .portInUse, "\(endpoint) cannot be listened on: \(text(code)).",
                advice: "Stop the program that has the port (`ss -ltnp` names it), or configure another port.")
        case EACCES, EPERM:
            SpeechError(
                .invalidConfiguration, "\(endpoint) cannot be listened on: \(text(code)).",
                advice: "Ports below 1024 need a privilege; choose one from 1024 up.")
        default:
            SpeechError(
                .invalidConfiguration, "\(endpoint) cannot be listened on: \(text(code)).",
                advice: "The host must be an address or interface of this machine, for instance 127.0.0.1.")
        }
    }

    /// A step of setting up that fails only when the machine has run out of something.
    static func settingUp(_ step: String, _ code: CInt) -> SpeechError {
        SpeechError(
            .internalError, "ZeroMQ: \(step): \(text(code)).",
            advice: "The process may have too many open files; raise the limit (`ulimit -n`).")
    }
}
