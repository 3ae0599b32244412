import Foundation
import Synchronization

/// One way from a bare PUB to a bare SUB socket, with messages of two parts that are as long and as far apart as ours.
struct LibzmqLatency {
    private static let pause = 0.01
    let bytes: Int
    let count: Int

    /// Milliseconds by transport: `inproc` to another thread, `tcp` to another process.
    func run() throws -> [(name: String, milliseconds: [Double])] { [("inproc", try inproc()), ("tcp", try tcp())] }

    private func inproc() throws -> [Double] {
        let publisher = try BarePublisher("inproc://latency")
        // @unchecked: handed to the one thread that uses it before that starts.
        struct Handed: @unchecked Sendable { let socket: SubSocket }
        let handed = Handed(socket: try SubSocket(["inproc://latency"], sharing: publisher.context))
        let got = Box<[Double]>([])
        let isOver = OverFlag()
        let count = count
        let thread = Thread {
            var milliseconds: [Double] = []
            while milliseconds.count < count,
                handed.socket.receive(waitMS: 5000, { milliseconds.append((now() - Self.time($1)) * 1000) })
            {}
            handed.socket.close()
            got.value = milliseconds
            isOver.raise()
        }
        thread.start()
        try publisher.waitForSubscriber()
        send(publisher)
        while !isOver.isRaised { usleep(1000) }
        publisher.close()
        return got.value
    }

    private func tcp() throws -> [Double] {
        let publisher = try BarePublisher("tcp://127.0.0.1:*")
        let subscriber = try SubscriberProcess([publisher.endpoint])
        try publisher.waitForSubscriber()
        send(publisher)
        let messages = try subscriber.stop()
        publisher.close()
        return messages.map { ($0.at - Self.time($0.body)) * 1000 }
    }

    private func send(_ publisher: BarePublisher) {
        for _ in 0..<count {
            usleep(useconds_t(Self.pause * 1e6))
            let time = Array("\(Int(now() * 1e9))".utf8)
            publisher.send(
                topic: Array("transcript.en".utf8),
                body: time + [UInt8](repeating: UInt8(ascii: "."), count: max(0, bytes - time.count)))
        }
    }

    /// When a message was sent, in seconds of ``now()``.
    private static func time(_ body: some Sequence<UInt8>) -> Double {
        Double(body.prefix { $0 != UInt8(ascii: ".") }.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }) / 1e9
    }
}

/// A value that one thread leaves for another.
final class Box<Value: Sendable>: Sendable {
    private let storage: Mutex<Value>
    init(_ value: Value) { storage = Mutex(value) }
    var value: Value {
        get { storage.withLock { $0 } }
        set { storage.withLock { $0 = newValue } }
    }
}
