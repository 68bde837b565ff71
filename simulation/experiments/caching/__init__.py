"""What single flight, copies and warming buy when a hot stream's newest comments are asked for by many at once."""
