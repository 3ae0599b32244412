import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
public import SpeechModel

/// A file that is fetched from a web server, and goes on where an earlier attempt was cut off: in this run of the program, or in another.
public struct Download: Sendable {
    /// The address, without what may be secret in it: a password, and what follows `?`.
    public let shownURL: String

    /// As long as bytes come in between, it is tried again without end; a server that only fails is left after so many times.
    private static let attempts = 6
    private static let longestWait = Duration.seconds(30)
    private static let redirects = 10

    private let url: String
    private let folder: String
    private let maximumBytes: Int
    private let sleep: @Sendable (Duration) async throws -> Void

    /// Names a file on a web server.
    ///
    /// - Parameters:
    ///   - folder: where a part is kept while the whole is not there; it is made.
    ///   - maximumBytes: room for what comes.
    ///   - sleep: how it waits before it tries again.
    public init(
        _ url: String, in folder: String, maximumBytes: Int,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        (self.url, self.folder, self.maximumBytes, self.sleep) = (url, folder, maximumBytes, sleep)
        shownURL = Self.withoutSecrets(url)
    }

    /// Fetches it.
    ///
    /// - Parameter report: is told how far it is, for each piece that comes.
    /// - Throws: ``ErrorCode/notFound``, when the server does not give it; ``ErrorCode/brokenModel``, when it is a web page;
    ///   ``ErrorCode/connectionFailed`` and ``ErrorCode/unwritableFile``, after which the part is kept.
    public func run(_ report: @Sendable (DownloadEvent) -> Void) async throws(SpeechError) -> DownloadedFile {
        let file = try DownloadedFile(of: url, in: folder)
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: Self.configuration)
        let result: Result<Void, SpeechError>
        do {
            try await fetch(file, with: client, report)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        // An empty part is none.
        if file.count == 0 { file.remove() }
        // It can only fail where it was shut down before.
        try? await client.shutdown()
        try result.get()
        return file
    }

    private func fetch(
        _ file: DownloadedFile, with client: HTTPClient, _ report: @Sendable (DownloadEvent) -> Void
    ) async throws(SpeechError) {
        let faults = DownloadFaults(url: shownURL)
        // In a row, without a byte between them.
        var failures = 0
        var hasAnswered = false
        while true {
            let before = file.count
            do {
                let response = try await client.execute(request(for: file), deadline: .distantFuture)
                hasAnswered = true
                try await receive(response, into: file, faults, report)
                return
            } catch {
                let fault = faults.fault(error)
                // What never answered is rather misspelt than away for a moment.
                guard fault.isRetryable, hasAnswered else { throw fault }
                failures = file.count > before ? 1 : failures + 1
                guard failures < Self.attempts else { throw fault }
                let wait = min(.seconds(1 << (failures - 1)), Self.longestWait)
                report(.waiting(fault, wait))
                do { try await sleep(wait) } catch { throw fault }
            }
        }
    }

    private func request(for file: DownloadedFile) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "User-Agent", value: "mynah")
        if file.count > 0, let validator = file.origin.validator {
            request.headers.add(name: "Range", value: "bytes=\(file.count)-")
            request.headers.add(name: "If-Range", value: validator)
        }
        return request
    }

    /// Takes what comes, until the file is whole.
    private func receive(
        _ response: HTTPClientResponse, into file: DownloadedFile, _ faults: DownloadFaults,
        _ report: @Sendable (DownloadEvent) -> Void
    ) async throws {
        if url.isSecure, response.history.contains(where: { !$0.request.url.isSecure }) { throw faults.insecureRedirect }
        let validator = Self.validator(response.headers)
        let range = response.headers.first(name: "Content-Range").flatMap { ContentRange($0) }
        switch response.status.code {
        case 200:
            let size = response.headers.first(name: "Content-Length").flatMap { Int($0) }
            try file.restart(DownloadedFile.Origin(validator: validator, size: size))
            if Self.isWebPage(response.headers) { throw faults.webPage }
        case 206:
            // Some servers do not look at If-Range.
            let isSame = validator == nil || validator == file.origin.validator
            let size = file.origin.size
            guard let range, isSame, range.start == file.count, range.size == nil || size == nil || range.size == size else {
                try file.restart(DownloadedFile.Origin())
                throw faults.changed
            }
            report(.resumed(at: file.count))
        case 416:
            // The part is the whole; or it is of something else, as it is longer.
            if file.count == file.origin.size { return }
            try file.restart(DownloadedFile.Origin())
            throw faults.changed
        default: throw faults.refused(response.status)
        }
        let missing = (file.origin.size ?? 0) - file.count
        guard missing <= maximumBytes else { throw faults.noRoom(missing) }
        var received = 0
        for try await bytes in response.body {
            if file.count == 0, Self.isWebPage(bytes) { throw faults.webPage }
            received += bytes.readableBytes
            guard received <= maximumBytes else { throw faults.noRoom(received) }
            try bytes.withUnsafeReadableBytes { try file.append($0) }
            report(.received(file.count, of: file.origin.size))
        }
        guard file.origin.size == nil || file.origin.size == file.count else { throw faults.cutOff }
    }

    // MARK: what servers say

    private static var configuration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .follow(max: redirects, allowCycles: false),
            timeout: HTTPClient.Configuration.Timeout(connect: .seconds(20), read: .seconds(60)))
        // It is tried again here, where it is told.
        configuration.connectionPool.retryConnectionEstablishment = false
        // One large file is quicker without the flow control of HTTP/2.
        configuration.httpVersion = .http1Only
        return configuration
    }

    /// What `If-Range` can name: an entity tag unless it is weak, else the time of the last change.
    private static func validator(_ headers: HTTPHeaders) -> String? {
        if let tag = headers.first(name: "ETag"), !tag.hasPrefix("W/") { return tag }
        return headers.first(name: "Last-Modified")
    }

    private static func isWebPage(_ headers: HTTPHeaders) -> Bool {
        let type = headers.first(name: "Content-Type")?.lowercased() ?? ""
        return type.hasPrefix("text/html") || type.hasPrefix("application/xhtml")
    }

    private static func isWebPage(_ bytes: ByteBuffer) -> Bool {
        let start = String(decoding: bytes.readableBytesView.prefix(64), as: UTF8.self).lowercased()
        let text = start.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
        return text.hasPrefix("<!doctype html") || text.hasPrefix("<html")
    }

    private static func withoutSecrets(_ url: String) -> String {
        var shown = url.prefix { $0 != "?" && $0 != "#" }
        guard let scheme = shown.range(of: "://") else { return String(shown) }
        let host = shown[scheme.upperBound...].prefix { $0 != "/" }
        if let at = host.lastIndex(of: "@") { shown.removeSubrange(scheme.upperBound...at) }
        return String(shown)
    }
}

extension String {
    fileprivate var isSecure: Bool { lowercased().hasPrefix("https:") }
}
