import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Glibc
import NIOPosix
import SpeechModel

/// What can go wrong between here and a web server, in words.
struct DownloadFaults {
    let url: String

    private static let again = "What there is of it is kept; give the same command again to go on."

    var webPage: SpeechError {
        SpeechError(
            .brokenModel, "\(url) is a web page, not a model.",
            advice:
                "Give the address that its download button has: of an archive or of one .onnx file, never of a folder; on Hugging "
                + "Face it has /resolve/ in it, not /tree/ or /blob/.")
    }

    var insecureRedirect: SpeechError {
        SpeechError(
            .notFound, "\(url) leads from https to http, where anybody could exchange the model on its way.",
            advice: "Find the address that it leads to, and give that one with --sha256.")
    }

    var cutOff: SpeechError {
        SpeechError(.connectionFailed, "The connection to \(url) was closed in the middle.", advice: Self.again)
    }

    var changed: SpeechError {
        SpeechError(
            .connectionFailed, "\(url) is not what it was when it was begun.", advice: "It is fetched from its beginning.")
    }

    func noRoom(_ bytes: Int) -> SpeechError {
        SpeechError(
            .unwritableFile, "There is no room for \(bytes / 1_000_000) MB more of \(url).",
            advice: "Make room on the disk, and give the same command again; or name another models.directory.")
    }

    func refused(_ status: HTTPResponseStatus) -> SpeechError {
        let what = "\(url) is not given: HTTP \(status.code) \(status.reasonPhrase)."
        switch status.code {
        case 408, 425, 429, 500...: return SpeechError(.connectionFailed, what, advice: Self.again)
        case 401, 403:
            return SpeechError(
                .notFound, what, advice: "Download it with a browser in which you are logged in, and add the file.")
        default: return SpeechError(.notFound, what, advice: "See whether the address is right.")
        }
    }

    /// In our words what the client throws.
    func fault(_ error: any Error) -> SpeechError {
        if let error = error as? SpeechError { return error }
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("failedToValidateHostname") {
            return SpeechError(
                .connectionFailed,
                "The certificate of \(url) is not trusted: it is of another name, too old, or signed by nobody known.",
                advice: "See whether the address and the clock are right; Debian's package ca-certificates has who is trusted.",
                underlying: error)
        }
        return SpeechError(
            .connectionFailed, "\(url) cannot be reached: \(reason(error)).",
            advice: "See whether the address is right and the network is up. \(Self.again)", underlying: error)
    }

    private func reason(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError where error == .remoteConnectionClosed: "the server closed the connection"
        case let error as HTTPClientError: error.shortDescription
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { reason($0.error) } ?? "nobody knows the name \(error.host)"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        default: "\(error)"
        }
    }
}
