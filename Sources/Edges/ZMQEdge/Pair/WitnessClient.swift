public import Failover
import Lanes
public import SpeechModel

/// The ``Arbiter`` that a ``WitnessServer`` on another machine is.
public final class WitnessClient: Arbiter {
    private struct Connection: Sendable {
        let sockets: PairSockets
        /// Closed after a request without an answer, so that what may still wait in it never arrives.
        var socket: PairSocket?
        var number: UInt64 = 0
    }

    /// The lock is the barrier that ``PairSockets`` asks for.
    private let connection: Locked<Connection>
    private let address: String
    private let client: UInt64
    private let timeoutMS: Int

    /// Describes where the witness listens; nothing is connected yet.
    ///
    /// - Parameters:
    ///   - address: `tcp://HOST:PORT`.
    ///   - key: the secret of the pair.
    ///   - timeoutMS: how long a question may take, connecting included.
    /// - Throws: ``SpeechError`` with `invalid-configuration`.
    public init(_ address: String, key: CurveSecretKey, timeoutMS: Int = 200, client: UInt64 = .random(in: .min ... .max))
        throws(SpeechError)
    {
        self.address = try ZeroMQAddress.tcp(address)
        self.client = client
        self.timeoutMS = timeoutMS
        connection = Locked(Connection(sockets: try PairSockets(key: key, maxFrameBytes: WitnessRequest.maxFrameBytes)))
    }

    deinit { connection.withLock { $0.sockets.close() } }

    public func current() throws(SpeechError) -> Lease? { try ask(.current).lease }

    public func take(term: Int, after seen: Lease?, by node: NodeID, for nanoseconds: UInt64) throws(SpeechError) -> LeaseAnswer {
        try ask(.take(term: term, after: seen, by: node, nanoseconds: nanoseconds))
    }

    public func renew(term: Int, by node: NodeID, successor: NodeID?, for nanoseconds: UInt64) throws(SpeechError) -> LeaseAnswer
    {
        try ask(.renew(term: term, by: node, successor: successor, nanoseconds: nanoseconds))
    }

    private func ask(_ request: ArbiterRequest) throws(SpeechError) -> LeaseAnswer {
        let answer = connection.withLock { connection in
            Result { () throws(SpeechError) in try ask(request, &connection) }
        }
        return try answer.get()
    }

    private func ask(_ request: ArbiterRequest, _ connection: inout Connection) throws(SpeechError) -> LeaseAnswer {
        let deadline = monotonicNanoseconds() + UInt64(timeoutMS) * 1_000_000
        let socket = if let socket = connection.socket { socket } else { try connection.sockets.connect(address) }
        connection.socket = socket
        connection.number += 1
        let frame = WitnessRequest(client: client, number: connection.number, request: request).frame
        var isSent = false
        while true {
            // Without a connection nothing is taken: it is tried again every few milliseconds, until there is one.
            if !isSent { isSent = connection.sockets.send([frame], to: socket) }
            while let message = connection.sockets.receive(from: socket) {
                guard let bytes = message.first, let reply = try? WitnessReply(frame: bytes), reply.number == connection.number
                else { continue }
                switch reply.outcome {
                case .answer(let answer): return answer
                case .fault(let reason):
                    throw SpeechError(.unwritableFile, reason.printable, advice: "See the witness's log.")
                }
            }
            let time = monotonicNanoseconds()
            guard time < deadline else { break }
            let left = Int((deadline - time) / 1_000_000) + 1
            connection.sockets.wait([socket], timeoutMS: isSent ? left : min(left, 5))
        }
        connection.sockets.close(socket)
        connection.socket = nil
        throw SpeechError(
            .connectionFailed, "The witness at \(address) did not answer within \(timeoutMS) ms.",
            advice: "Look whether it runs, is reached from here, and has the same key file.")
    }
}
