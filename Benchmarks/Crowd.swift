import Foundation
import SpeechModel

/// Many readers of `/stream`, driven by one thread; some of them may be told not to read.
final class Crowd: @unchecked Sendable {
    // @unchecked: everything is the thread's from ``start()`` until ``stop()`` has seen it end.

    /// A final's place in what was published.
    struct Number: Hashable {
        var session: String
        var sequence: Int
    }

    private let readers: [RawStream]
    private let isOver = OverFlag()
    private let hasEnded = OverFlag()
    /// From a message's publication to its arrival, in ms. Publications are stamped with whole milliseconds, which makes this up to 1 ms
    /// too long.
    private(set) var delays: [Double] = []
    /// The finals that each reader got, in their order.
    private(set) var finals: [[Number]]
    private(set) var messages = 0
    /// Readers that the server cut off.
    private(set) var cutOff = 0

    /// Connects one reader for each query.
    init(port: Int, queries: [String]) throws {
        readers = try queries.map { try RawStream(port: port, path: "/stream" + $0) }
        finals = queries.map { _ in [] }
    }

    func start() {
        let thread = Thread { [self] in
            while !isOver.isRaised { read(waitMS: 50) }
            hasEnded.raise()
        }
        thread.start()
    }

    /// Reads what is still on its way, and ends.
    func stop() {
        isOver.raise()
        while !hasEnded.isRaised { usleep(1000) }
        while read(waitMS: 500) {}
        cutOff = readers.count { $0.isClosed }
        for reader in readers { reader.close() }
    }

    @discardableResult
    private func read(waitMS: CInt) -> Bool {
        var descriptors = readers.map { pollfd(fd: $0.isClosed ? -1 : $0.socket, events: Int16(POLLIN), revents: 0) }
        let count = poll(&descriptors, nfds_t(descriptors.count), waitMS)
        for index in descriptors.indices where descriptors[index].revents != 0 {
            readers[index].receive { message in
                messages += 1
                guard let published = StreamMessage.published(message) else { return }
                delays.append((unixSeconds() - published) * 1000)
                if let number = StreamMessage.number(message) { finals[index].append(number) }
            }
        }
        return count > 0
    }
}

/// What a reader needs of a message of `/stream`, without reading all of it: there are very many.
enum StreamMessage {
    /// When a transcript or an event was published, in Unix seconds; nil for other messages.
    static func published(_ message: [UInt8]) -> Double? {
        guard
            message.starts(with: #"{"message_type":"transcript""#.utf8) || message.starts(with: #"{"message_type":"event""#.utf8)
        else { return nil }
        // The first is the envelope's.
        guard let envelope = find(#""timestamp":"#, in: message, from: 0),
            let payload = find(#""timestamp":"#, in: message, from: envelope)
        else { return nil }
        return value(message, at: payload)
    }

    /// Which final it is.
    static func number(_ message: [UInt8]) -> Crowd.Number? {
        guard let place = find(#""sequence_number":"#, in: message, from: 0), let number = value(message, at: place),
            let session = find(#""session_id":""#, in: message, from: 0), !message.starts(with: #"{"message_type":"event""#.utf8)
        else { return nil }
        let name = message[session...].prefix { $0 != UInt8(ascii: "\"") }
        return Crowd.Number(session: String(decoding: name, as: UTF8.self), sequence: Int(number))
    }

    /// The place behind `text`.
    private static func find(_ text: StaticString, in message: [UInt8], from: Int) -> Int? {
        message.withUnsafeBytes { bytes in
            guard bytes.count >= text.utf8CodeUnitCount else { return nil }
            return (from...bytes.count - text.utf8CodeUnitCount).first {
                bytes[$0] == text.utf8Start[0] && memcmp(bytes.baseAddress! + $0, text.utf8Start, text.utf8CodeUnitCount) == 0
            }.map { $0 + text.utf8CodeUnitCount }
        }
    }

    private static func value(_ message: [UInt8], at place: Int) -> Double? {
        let digits = message[place...].prefix { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "}") }
        return Double(String(decoding: digits, as: UTF8.self))
    }
}

/// Seconds since 1970, as messages are stamped.
private func unixSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
