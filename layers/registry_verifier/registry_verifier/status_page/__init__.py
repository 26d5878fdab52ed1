"""The status page as HTML: what is known goes in, a page comes out. No JavaScript, nothing from elsewhere."""
