import Lanes

/// What a link received, for a test that waits for it.
final class Received: Sendable {
    private let frames = Locked<[[UInt8]]>([])

    var all: [[UInt8]] { frames.withLock { $0 } }
    func take(_ frame: [UInt8]) { frames.withLock { $0.append(frame) } }

    /// Waits until so many frames came; false after ten seconds.
    func reaches(_ count: Int) async -> Bool { await eventually { self.all.count >= count } }
}

/// Waits until something is so; false after ten seconds.
func eventually(_ isSo: () -> Bool) async -> Bool {
    for _ in 0..<2000 {
        if isSo() { return true }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return isSo()
}
