module subrosa.example/chat

go 1.19
