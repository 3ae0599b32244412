public import Failover
import Lanes
public import SpeechModel

/// A ``Witness`` at an address: the arbiter of two nodes, on a third machine.
public final class WitnessServer: Sendable {
    /// What an operator wants to know.
    public enum Event: Sendable {
        /// The term, its holder or the successor changed.
        case lease(Lease)
        /// Somebody came without the pair's key.
        case refused
        /// A request could not be understood, or its result not be kept.
        case fault(SpeechError)
    }

    /// The address with the port that was really taken.
    public let endpoint: String
    private let sockets: PairSockets
    private let listener: PairSocket
    private let wakeup: EventDescriptor
    private let state: WitnessState
    private let now: @Sendable () -> UInt64
    private let isStopping = Locked(false)

    /// Binds, and reads what was kept.
    ///
    /// - Parameters:
    ///   - address: `tcp://HOST:PORT`; port 0 for any free one.
    ///   - key: the secret of the pair.
    ///   - now: boot time in ns.
    /// - Throws: ``SpeechError`` with `port-in-use`, `invalid-configuration`, `unreadable-file` or `unwritable-file`.
    public init(
        listen address: String, key: CurveSecretKey, state: WitnessState, now: @escaping @Sendable () -> UInt64
    ) throws(SpeechError) {
        let address = try ZeroMQAddress.tcp(address)
        try state.prepare()
        _ = try state.load()
        let wakeup = try EventDescriptor()
        let sockets = try PairSockets(key: key, maxFrameBytes: WitnessRequest.maxFrameBytes)
        do throws(SpeechError) {
            listener = try sockets.listen(address)
        } catch {
            sockets.close()
            throw error
        }
        endpoint = sockets.endpoint(of: listener)
        self.sockets = sockets
        self.wakeup = wakeup
        self.state = state
        self.now = now
    }

    /// Serves until ``stop()``, on the calling thread; to be called once. `tell` is called on it too.
    public func run(_ tell: (Event) -> Void) throws(SpeechError) {
        defer { sockets.close() }
        var witness = Witness(try state.load(), at: now())
        var refusals = 0
        while !isStopping.withLock({ $0 }) {
            while let message = sockets.receive(from: listener) {
                guard message.count == 2 else { continue }
                let time = now()
                let before = witness.lease(at: time)
                do throws(SpeechError) {
                    let reply = try witness.answer(message[1], at: time) { record throws(SpeechError) in
                        do throws(SpeechError) {
                            try state.store(record)
                        } catch {
                            tell(.fault(error))
                            throw error
                        }
                    }
                    if let reply { _ = sockets.send([message[0], reply], to: listener) }
                } catch {
                    tell(.fault(error))
                }
                if let lease = witness.lease(at: time), !lease.isSame(as: before) { tell(.lease(lease)) }
            }
            sockets.wait([listener], wakeup: wakeup.descriptor)
            wakeup.lower()
            for _ in refusals..<sockets.refusals { tell(.refused) }
            refusals = sockets.refusals
        }
    }

    /// Lets ``run(_:)`` return. From any thread.
    public func stop() {
        isStopping.withLock { $0 = true }
        wakeup.raise()
    }
}
