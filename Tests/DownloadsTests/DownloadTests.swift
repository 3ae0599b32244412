import Foundation
import NIOHTTP1
import SpeechModel
import Synchronization
import Testing

@testable import Downloads

@Suite final class DownloadTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/downloads-" + UUID().uuidString
    private let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Events of one download, and how long it would have slept.
    private final class Log: Sendable {
        let events = Mutex<[DownloadEvent]>([])
        let slept = Mutex<[Duration]>([])

        var resumed: [Int] { events.withLock { $0.compactMap { if case .resumed(let at) = $0 { at } else { nil } } } }
        var received: Int {
            events.withLock { $0.compactMap { if case .received(let count, _) = $0 { count } else { nil } }.last ?? 0 }
        }
        var total: Int? {
            events.withLock { $0.compactMap { if case .received(_, let total) = $0 { total } else { nil } }.last ?? nil }
        }
    }

    private func fetch(_ url: String, _ log: Log = Log(), room: Int = 1 << 30) async throws(SpeechError) -> [UInt8] {
        let file = try await Download(url, in: folder, maximumBytes: room) { duration in
            log.slept.withLock { $0.append(duration) }
        }
        .run { event in log.events.withLock { $0.append(event) } }
        return FileManager.default.contents(atPath: file.path).map { [UInt8]($0) } ?? []
    }

    private func expect(
        _ expected: [UInt8], from url: String, _ log: Log = Log(), at location: SourceLocation = #_sourceLocation
    ) async throws {
        let bytes = try await fetch(url, log)
        #expect(bytes == expected, sourceLocation: location)
    }

    private func code(_ body: () async throws -> Void) async -> ErrorCode? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? SpeechError)?.code
        }
    }

    @Test func `a file is fetched, and its size told`() async throws {
        let log = Log()
        try await FileServer.serve(.init(content: content)) { server, url in
            try await expect(content, from: url, log)
            #expect(server.ranges.withLock { $0 } == [""])
        }
        #expect(log.received == content.count && log.total == content.count && log.resumed.isEmpty)
    }

    @Test(arguments: [("ETag", "\"one\""), ("Last-Modified", "Tue, 15 Nov 1994 12:45:26 GMT")])
    func `a cut connection is gone on with where it was cut`(_ name: String, _ value: String) async throws {
        let log = Log()
        try await FileServer.serve(.init(content: content, headers: [(name, value)], cuts: [100_000, 50_000])) { server, url in
            try await expect(content, from: url, log)
            // The client may lose some of what came last before the cut.
            #expect(log.resumed.count == 2 && log.resumed.allSatisfy { (1...150_000).contains($0) })
            #expect(server.ranges.withLock { $0 } == [""] + log.resumed.map { "bytes=\($0)-" })
        }
        #expect(log.slept.withLock { $0 } == [.seconds(1), .seconds(1)])
    }

    @Test func `a later run goes on where an earlier one ended`() async throws {
        try await FileServer.serve(.init(content: content, cuts: [100_000])) { server, url in
            // Nobody waits for the second attempt: as if the program was ended.
            let first = Download(url, in: folder, maximumBytes: 1 << 30) { _ in throw CancellationError() }
            #expect(await code { _ = try await first.run { _ in } } == .connectionFailed)
            let log = Log()
            try await expect(content, from: url, log)
            #expect(log.resumed.count == 1 && log.resumed.allSatisfy { (1...100_000).contains($0) })
            // It is whole; the server is asked whether it still is the same.
            try await expect(content, from: url)
            #expect(server.ranges.withLock { $0.last } == "bytes=300000-")
        }
    }

    @Test(arguments: [true, false])
    func `what changed at the server is begun anew`(knowsIfRange: Bool) async throws {
        try await FileServer.serve(.init(content: content, cuts: [100_000], knowsIfRange: knowsIfRange)) { server, url in
            let first = Download(url, in: folder, maximumBytes: 1 << 30) { _ in throw CancellationError() }
            _ = await code { _ = try await first.run { _ in } }
            let changed = Array(content.reversed())
            server.behaviour.withLock { ($0.content, $0.headers) = (changed, [("ETag", "\"two\"")]) }
            try await expect(changed, from: url)
        }
    }

    @Test func `a part that is longer than what is there now is begun anew`() async throws {
        try await FileServer.serve(.init(content: content, cuts: [100_000], knowsIfRange: false)) { server, url in
            let first = Download(url, in: folder, maximumBytes: 1 << 30) { _ in throw CancellationError() }
            _ = await code { _ = try await first.run { _ in } }
            server.behaviour.withLock { $0.content = [1, 2, 3] }
            try await expect([1, 2, 3], from: url)
        }
    }

    @Test(arguments: [("ETag", "W/\"weak\""), ("Accept-Ranges", "none")])
    func `without a name for exactly these bytes it is begun anew`(_ name: String, _ value: String) async throws {
        try await FileServer.serve(.init(content: content, headers: [(name, value)], cuts: [100_000])) { server, url in
            try await expect(content, from: url)
            #expect(server.ranges.withLock { $0 } == ["", ""])
        }
    }

    @Test func `a server that knows no ranges gives all of it again`() async throws {
        try await FileServer.serve(.init(content: content, cuts: [100_000], knowsRange: false)) { _, url in
            try await expect(content, from: url)
        }
    }

    @Test func `a length that is not told does not matter`() async throws {
        let log = Log()
        try await FileServer.serve(.init(content: content, cuts: [100_000], tellsLength: false)) { _, url in
            try await expect(content, from: url, log)
        }
        #expect(log.resumed.count == 1 && log.total == nil)
    }

    @Test func `a server that is busy is asked again, later and later, and then left`() async throws {
        let log = Log()
        let busy = Array(repeating: HTTPResponseStatus.serviceUnavailable, count: 4)
        try await FileServer.serve(.init(content: content, statuses: busy)) { server, url in
            try await expect(content, from: url, log)
            server.behaviour.withLock { $0.statuses = busy + [.tooManyRequests, .badGateway] }
            #expect(await code { _ = try await fetch(url) } == .connectionFailed)
        }
        #expect(log.slept.withLock { $0 } == [.seconds(1), .seconds(2), .seconds(4), .seconds(8)])
    }

    @Test(arguments: [HTTPResponseStatus.notFound, .unauthorized, .forbidden, .gone, .badRequest])
    func `what the server does not give is told at once`(_ status: HTTPResponseStatus) async throws {
        let log = Log()
        try await FileServer.serve(.init(content: content, statuses: [status])) { _, url in
            #expect(await code { _ = try await fetch(url, log) } == .notFound)
        }
        #expect(log.slept.withLock { $0.isEmpty })
    }

    @Test(arguments: [("Content-Type", "text/html; charset=utf-8"), ("X-Other", "x")])
    func `a web page is no model, whatever it is called`(_ name: String, _ value: String) async throws {
        let page = Array("\n <!DOCTYPE html><title>models</title>".utf8)
        try await FileServer.serve(.init(content: page, headers: [(name, value)])) { _, url in
            #expect(await code { _ = try await fetch(url) } == .brokenModel)
        }
    }

    @Test func `a redirect is followed, and a circle told`() async throws {
        try await FileServer.serve(.init(content: content)) { server, url in
            try await FileServer.serve(.init(content: [], headers: [("Location", url)], statuses: [.found])) { _, other in
                try await expect(content, from: other)
            }
            server.behaviour.withLock {
                ($0.headers, $0.statuses) = ([("Location", url)], Array(repeating: .found, count: 20))
            }
            #expect(await code { _ = try await fetch(url) } == .connectionFailed)
        }
    }

    @Test(arguments: [true, false])
    func `no more is fetched than there is room for`(tellsLength: Bool) async throws {
        try await FileServer.serve(.init(content: content, tellsLength: tellsLength)) { _, url in
            #expect(await code { _ = try await fetch(url, room: 200_000) } == .unwritableFile)
        }
    }

    @Test(arguments: ["http://127.0.0.1:1/model", "http://name.invalid/model", "https://127.0.0.1:1/model"])
    func `a server that is not there is told at once`(_ url: String) async throws {
        let log = Log()
        #expect(await code { _ = try await fetch(url, log) } == .connectionFailed)
        #expect(log.slept.withLock { $0.isEmpty })
    }

    @Test func `two do not download the same at once`() async throws {
        let first = try DownloadedFile(of: "http://example.org/model", in: folder)
        #expect(await code { _ = try await fetch("http://example.org/model") } == .unwritableFile)
        first.remove()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }

    @Test(arguments: [
        ("https://me:secret@example.org/a.zip?token=secret#secret", "https://example.org/a.zip"),
        ("http://example.org/a@b.zip", "http://example.org/a@b.zip"),
    ])
    func `secrets in an address are not shown`(_ url: String, _ shown: String) {
        #expect(Download(url, in: folder, maximumBytes: 0).shownURL == shown)
    }

    @Test func `ranges are read as the standard has them`() {
        #expect(ContentRange("bytes 100-199/200").map { [$0.start, $0.size] } == [100, 200])
        #expect(ContentRange("bytes 100-199/*").map { [$0.start, $0.size] } == [100, nil])
        #expect(ContentRange("bytes */200").map { [$0.start, $0.size] } == [nil, 200])
        for value in [
            "", "bytes", "bytes 1-2", "bytes 2-1/3", "bytes a-b/c", "bytes 1-2/c", "items 1-2/3", "bytes 1-2/3/4", "bytes -2/3",
        ] {
            #expect(ContentRange(value) == nil)
        }
    }
}
