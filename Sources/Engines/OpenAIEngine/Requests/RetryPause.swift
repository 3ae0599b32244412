import Foundation

/// When a request that failed for a passing reason is made again.
enum RetryPause {
    /// How often a request is made at most.
    static let attempts = 3
    private static let firstMS = 250

    /// How long to wait after the attempt `number` (1, 2 …): as long as the provider wishes, else twice as long each time, of which half
    /// is random, so that clients who failed together do not come again together.
    static func milliseconds(after number: Int, wished: Int?, random: UInt64) -> Int {
        if let wished { return wished }
        let most = firstMS << (number - 1)
        return most / 2 + Int(random % UInt64(most / 2 + 1))
    }

    /// What `retry-after-ms` (of OpenAI's own) or `Retry-After` (RFC 9110: seconds, or a date) say; nil when there is neither.
    static func wished(milliseconds: String?, retryAfter: String?, unixMS: UInt64) -> Int? {
        if let value = milliseconds.flatMap(Double.init) { return bounded(value) }
        guard let retryAfter else { return nil }
        if let seconds = Double(retryAfter) { return bounded(seconds * 1000) }
        guard let date = httpDate(retryAfter) else { return nil }
        return bounded(date.timeIntervalSince1970 * 1000 - Double(unixMS))
    }

    /// A date of RFC 9110, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
    private static func httpDate(_ text: String) -> Date? {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.date(from: text)
    }

    /// A day is as good as never.
    private static func bounded(_ milliseconds: Double) -> Int? {
        milliseconds.isFinite ? Int(min(max(milliseconds, 0), 86_400_000)) : nil
    }
}
