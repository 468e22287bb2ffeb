"""What an edit made worse: pure rules over the issues of the text before and the text after."""
