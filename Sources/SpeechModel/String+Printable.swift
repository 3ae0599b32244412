extension String {
    /// The text without control characters, which could do things to the terminal or the log that shows it.
    public var printable: String {
        String(String.UnicodeScalarView(unicodeScalars.filter { $0.properties.generalCategory != .control }))
    }
}
