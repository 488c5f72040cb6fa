"""One child under each system, side by side."""
