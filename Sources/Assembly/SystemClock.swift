import Dispatch
import Foundation
public import Ports

/// The real clock and the system's randomness.
public struct SystemClock: Clock {
    /// Makes the clock.
    public init() {}

    public var monotonicNanoseconds: UInt64 { DispatchTime.now().uptimeNanoseconds }
    public var unixMilliseconds: UInt64 { UInt64(Date().timeIntervalSince1970 * 1000) }
    public func randomBits() -> UInt64 { UInt64.random(in: .min ... .max) }
}
