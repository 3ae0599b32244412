import Glibc

/// A moment of the wall clock, to the millisecond.
struct LogTime: Equatable, Sendable {
    var unixMilliseconds: Int

    static func now() -> LogTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return LogTime(unixMilliseconds: time.tv_sec * 1000 + time.tv_nsec / 1_000_000)
    }

    /// RFC 3339 in UTC: `2026-11-21T03:41:22.123Z`.
    var rfc3339: String { "\(date)T\(clock)Z" }

    /// `03:41:22.123` in UTC.
    var clock: String {
        let parts = broken
        return "\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))."
            + padded(Int32(unixMilliseconds % 1000), 3)
    }

    private var date: String {
        let parts = broken
        return "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))"
    }

    private var broken: tm {
        var seconds = time_t(unixMilliseconds / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return parts
    }
}

private func padded(_ number: Int32, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
