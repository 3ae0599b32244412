import Dispatch
import Foundation
import Synchronization

/// Ctrl-C: the first one ends politely, the second one at once.
final class Interrupt {
    private let source: any DispatchSourceSignal

    /// Calls `stop` at the first SIGINT, as long as this object lives.
    init(stop: @escaping @Sendable () -> Void) {
        // The default would end the process before the source is told.
        signal(SIGINT, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        let count = Counter()
        source.setEventHandler {
            if count.value.wrappingAdd(1, ordering: .relaxed).oldValue == 0 {
                stop()
            } else {
                _exit(128 + SIGINT)
            }
        }
        source.resume()
    }

    deinit {
        source.cancel()
        signal(SIGINT, SIG_DFL)
    }

    private final class Counter: Sendable {
        let value = Atomic(0)
    }
}
