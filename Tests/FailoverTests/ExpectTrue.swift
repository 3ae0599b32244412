import Testing

/// `#expect` for what changes what it looks at, which the macro does not take.
func expectTrue(_ value: Bool, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(value, sourceLocation: sourceLocation)
}
