import CWorkers
import Glibc
import Synchronization

/// What other threads want of a supervisor's thread, which sleeps in poll(2) on ``descriptor`` meanwhile.
final class OrderBox<Order: Sendable>: Sendable {
    private struct State {
        var orders: [Order] = []
        var isOpen = false
        var isClosed = false
    }

    /// Can be read when there are orders.
    let descriptor = workers_event()
    private let state = Mutex(State())

    deinit { Glibc.close(descriptor) }

    /// - Returns: whether this was the first time.
    func open() -> Bool {
        state.withLock { state in
            defer { state.isOpen = true }
            return !state.isOpen
        }
    }

    /// - Parameter isStop: of a thread that does not run nothing has to be stopped.
    /// - Returns: whether it will be taken; if not, it is the caller's to answer.
    func post(_ order: Order, isStop: Bool) -> Bool {
        let isAccepted = state.withLock { state in
            guard !state.isClosed, state.isOpen || !isStop else { return false }
            state.orders.append(order)
            return true
        }
        if isAccepted {
            var one: UInt64 = 1
            _ = write(descriptor, &one, 8)
        }
        return isAccepted
    }

    /// What came since the last time.
    func take() -> [Order] {
        state.withLock { state in
            defer { state.orders = [] }
            return state.orders
        }
    }

    /// Accepts nothing from now on; returns what was accepted.
    func close() -> [Order] {
        state.withLock { state in
            defer { state.orders = [] }
            state.isClosed = true
            return state.orders
        }
    }

    /// To be called when the descriptor can be read.
    func acknowledge() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
    }
}
