module interop/line

go 1.19
