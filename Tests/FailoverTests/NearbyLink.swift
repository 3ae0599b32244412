import Failover
import Lanes

/// A ``PeerLink`` within the process, which can be cut.
final class NearbyLink: PeerLink {
    private struct State: Sendable {
        var other: NearbyLink?
        var isCut = false
    }

    private let state = Locked(State())
    private let arrived = BlockingQueue<[UInt8]?>()

    static func pair() -> (NearbyLink, NearbyLink) {
        let pair = (NearbyLink(), NearbyLink())
        pair.0.state.withLock { $0.other = pair.1 }
        pair.1.state.withLock { $0.other = pair.0 }
        return pair
    }

    /// Whether what this side sends is lost.
    func cut(_ isCut: Bool) { state.withLock { $0.isCut = isCut } }

    func start(receive: @escaping @Sendable ([UInt8]) -> Void, refused: @escaping @Sendable () -> Void) {
        spawnThread(name: "nearby") { [arrived] in
            while let frame = arrived.pop() { receive(frame) }
        }
    }

    func send(_ frame: [UInt8]) {
        if let other = state.withLock({ $0.isCut ? nil : $0.other }) { other.arrived.push(frame) }
    }

    func stop() async {
        state.withLock { $0.other = nil }
        arrived.push(nil)
    }
}
