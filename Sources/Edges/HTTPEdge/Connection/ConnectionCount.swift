import Synchronization

/// How many connections there are, in all and per remote address, and whether one more may come.
final class ConnectionCount: Sendable {
    /// A place among the connections, given back once.
    struct Lease {
        fileprivate let count: ConnectionCount
        fileprivate let address: String?

        /// Gives the place back.
        func release() { count.release(address) }
    }

    private struct State {
        var total = 0
        var perAddress: [String: Int] = [:]
    }

    private let state = Mutex(State())
    private let total: Int
    private let perAddress: Int

    /// Allows `total` connections, `perAddress` of them from one address.
    init(total: Int, perAddress: Int) {
        self.total = total
        self.perAddress = perAddress
    }

    /// Connections that hold a place.
    var current: Int { state.withLock { $0.total } }

    /// Takes a place; `nil` when there is none. A peer without an address (a Unix socket) counts in the total only.
    func acquire(_ address: String?) -> Lease? {
        state.withLock { state in
            guard state.total < total else { return nil }
            if let address {
                guard state.perAddress[address, default: 0] < perAddress else { return nil }
                state.perAddress[address, default: 0] += 1
            }
            state.total += 1
            return Lease(count: self, address: address)
        }
    }

    private func release(_ address: String?) {
        state.withLock { state in
            state.total -= 1
            guard let address, let count = state.perAddress[address] else { return }
            state.perAddress[address] = count > 1 ? count - 1 : nil
        }
    }
}
